#include "chaos.h"

#include <string.h>
#include <strings.h>

#include "message.h"

/* Names on the wire; their lengths are below any letter, so comparing them without case is safe. */
static const char version_bind[] = "\7version\4bind";
static const char version_server[] = "\7version\6server";
static const char hostname_bind[] = "\10hostname\4bind";
static const char id_server[] = "\2id\6server";

const char *chaos_text(const struct dns_settings *settings, const struct dns_request *r)
{
	const char *name = (const char *)r->msg + DNS_HEADER_SIZE;
	const size_t len = r->question_len - 4u;

	if (r->qtype != TYPE_TXT)
		return NULL;
#define IS(wire) (len == sizeof(wire) && strncasecmp(name, wire, sizeof(wire)) == 0)
	if (IS(version_bind) || IS(version_server))
		return settings->version;
	if (IS(hostname_bind))
		return settings->hostname;
	return IS(id_server) ? settings->id : NULL;
#undef IS
}
