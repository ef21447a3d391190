/* Changes as people see them: who did what, and what was before and after it. */
#pragma once

#include <jansson.h>

/* Adds to a change the member "change", one line: "shop default -> shop mail.example.org. 600". */
void change_describe(json_t *change);
