#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "view.h"

#include "engine.h"

static_assert(ENGINE_ERROR_SIZE >= TEMPLATE_ERROR_SIZE, "room for the engine's texts");
static_assert(ENGINE_ERROR_SIZE >= DNS_VIEW_ERROR_SIZE, "room for the engine's texts");

bool engine_check_template(
	const char *text, const char *suffix, bool ipv6, char error[static ENGINE_ERROR_SIZE])
{
	struct dns_template compiled;

	return ipv6 ? dns_template_compile6(&compiled, text, suffix, error) == 0
		    : dns_template_compile(&compiled, text, suffix, error) == 0;
}

bool engine_check_region(const struct region_info *info, char error[static ENGINE_ERROR_SIZE])
{
	struct dns_delegation_spec delegations[PTRD_REGION_DELEGATIONS_MAX];
	const struct dns_region_spec spec = {
		.name = info->name,
		.prefixes = info->prefixes,
		.prefixes_count = info->prefixes_count,
		.suffix = info->suffix,
		.default_name = info->default_name,
		.default_name6 = info->default_name6,
		.rfc2317 = info->rfc2317,
		.delegations = delegations,
		.delegations_count = info->delegations_count,
		.default_ttl = info->default_ttl,
		.unbound_default = info->unbound_default,
		.soa_mname = info->soa_mname,
		.soa_rname = info->soa_rname,
		.soa_refresh = info->soa_refresh,
		.soa_retry = info->soa_retry,
		.soa_expire = info->soa_expire,
		.soa_minimum = info->soa_minimum,
		.soa_ttl = info->soa_ttl,
		.ns_names = info->ns_names,
		.ns_names_count = info->ns_names_count,
		.ns_ttl = info->ns_ttl,
	};

	assert(info->delegations_count <= PTRD_REGION_DELEGATIONS_MAX);
	for (unsigned i = 0; i < info->delegations_count; i++)
		delegations[i] = (struct dns_delegation_spec){
			.prefix = info->delegations[i].prefix,
			.name = info->delegations[i].name,
			.ns = info->delegations[i].ns,
			.ns_count = info->delegations[i].ns_count,
		};
	struct dns_view *view = dns_view_create(0, &spec, 1, error);

	dns_view_free(view);
	return view != NULL;
}

/* Wire format of a host name, as the engine expands it: no byte that needs an escape. */
static void name_text(const uint8_t *wire, char text[static NAME_TEXT_MAX])
{
	for (; *wire != 0; wire += 1 + *wire) {
		memcpy(text, wire + 1, *wire);
		text += *wire;
		*text++ = '.';
	}
	*text = '\0';
}

bool engine_default_name(const struct region_info *info, const struct address *address,
	char name[static NAME_TEXT_MAX])
{
	char error[TEMPLATE_ERROR_SIZE];
	uint8_t wire[PTRD_NAME_WIRE_MAX];
	struct dns_template compiled;
	uint32_t number;

	if (address->ipv6) {
		if (info->default_name6 == NULL
			|| dns_template_compile6(
				   &compiled, info->default_name6, info->suffix, error)
				< 0)
			return false;
		dns_template_expand6(&compiled, address->bytes, wire);
	} else {
		if (dns_template_compile(&compiled, info->default_name, info->suffix, error) < 0)
			return false;
		memcpy(&number, address->bytes, sizeof(number));
		dns_template_expand(&compiled, ntohl(number), wire);
	}
	name_text(wire, name);
	return true;
}
