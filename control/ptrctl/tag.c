#include "tag.h"

#include <string.h>

json_t *tag_parse(const char *text)
{
	const char *equals = strchr(text, '=');

	/* A key that is no key is the control process's to refuse. NULL too if a text is not UTF-8. */
	return equals == NULL ? NULL
			      : json_pack("{s:s%, s:s}", "key", text, (size_t)(equals - text),
				      "value", equals + 1);
}
