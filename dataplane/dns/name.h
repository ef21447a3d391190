/*
 * Domain names: text of RFC 1035 section 5.1 to uncompressed wire format.
 */
#pragma once

#include <stdint.h>

#include <ptrd/directory.h>

#define NAME_LABEL_MAX 63 /* bytes, RFC 1035 section 2.3.4 */

/*
 * Writes the absolute name that `text` gives; its last dot may be missing, "." is the root. Letters
 * keep their case; `\.` and `\DDD` stand for one byte. Any byte is allowed in a label.
 * Returns the length in bytes, the root label included, or -1 if a label is empty or longer than 63
 * bytes, the name longer than 255, or an escape malformed; `wire` is then undefined.
 */
int name_to_wire(const char *text, uint8_t wire[PTRD_NAME_WIRE_MAX]);
