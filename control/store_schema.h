/* Versions of the store's schema. */
#pragma once

/* Kept in the file's user_version. A file of a newer one is refused and left as it is. */
#define SCHEMA_VERSION 3
