/*
 * Names of pieces of a /24, RFC 2317: the zone that a region's own piece is served under, and the
 * zones of customers that pieces of a region are delegated to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ptrd/directory.h>

#include "region_spec.h"

/* A name is below the zone of a /24, and its addresses' names are one octet more. */
#define ZONE_BITS 24
#define OCTET_TEXT_MAX 4 /* "255." */

static const struct param delegation_params[] = {
	{"prefix", JSON_STRING, true},
	{"name", JSON_STRING, true},
	{"ns", JSON_ARRAY, true},
	{NULL, JSON_NULL, false},
};

/*
 * A delegation is an alias and a referral in a zone of the region. The region's own zone hangs
 * where its parent, which is another's, has put it.
 */
enum zone_kind {
	OWN,
	DELEGATED
};

/* A delegation as it is checked. */
struct delegation {
	struct prefix prefix;
	json_t *shown; /* what goes into the description */
	const char *name;
};

/* Prefix of a description, which has been checked. */
static struct prefix spec_prefix(const json_t *spec, size_t i)
{
	const json_t *text = json_array_get(json_object_get(spec, "prefixes"), i);
	struct prefix prefix;
	struct refusal why;

	prefix_parse(json_string_value(text), &prefix, &why);
	return prefix;
}

static size_t spec_prefixes(const json_t *spec)
{
	return json_array_size(json_object_get(spec, "prefixes"));
}

static bool is_piece(const struct prefix *prefix)
{
	return !prefix->first.ipv6 && prefix->length > ZONE_BITS;
}

/* What is wrong with `name` as a zone of `kind` below `zone`, or NULL. */
static const char *zone_rule(const char *name, const char *zone, enum zone_kind kind)
{
	const size_t len = strlen(name) - strlen(zone);
	size_t label = len - 1;

	while (label > 0 && name[label - 1] != '.')
		label--;
	if (strspn(name + label, "0123456789") == len - 1 - label)
		return "its label in that zone is a number, as an address's is; RFC 2317 section 4 "
		       "has names such as 64/26 or 64-127";
	if (kind == DELEGATED && label > 0)
		return "it has more than one label in that zone";
	if (strlen(name) + OCTET_TEXT_MAX >= NAME_TEXT_MAX)
		return "with an address's octet in front it is longer than 254 characters";
	return NULL;
}

/* Names at and below a customer's zone that is not ours: an octet's label must fit before it. */
#define FOREIGN_NAME_MAX (254 - 4)

/* Name of the zone that the names of `piece` are in: `value`, in canonical form. */
static bool zone_name(struct call *call, const char *field, const json_t *value,
	const struct prefix *piece, enum zone_kind kind, char name[static NAME_TEXT_MAX])
{
	const uint8_t *octet = piece->first.bytes;
	char zone[sizeof("255.255.255.in-addr.arpa.")], text[PREFIX_TEXT_MAX];

	if (!zone_name_canonical(json_string_value(value), name, &call->why))
		return refuse_field(&call->why, field, value);
	/* RFC 2317 section 5.1: the customer's zone may be anywhere, in a domain of their own too. */
	if (kind == DELEGATED && !name_at_or_below(name, "in-addr.arpa.")) {
		if (strlen(name) <= FOREIGN_NAME_MAX)
			return true;
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"%s: %zu characters, at most %d leave room for an octet's label before it",
			QUOTE(name), strlen(name), FOREIGN_NAME_MAX);
		return refuse_field(&call->why, field, value);
	}
	snprintf(zone, sizeof(zone), "%u.%u.%u.in-addr.arpa.", octet[2], octet[1], octet[0]);
	if (!name_at_or_below(name, zone) || strcmp(name, zone) == 0) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s is not below %s, where %s is",
			QUOTE(name), zone, prefix_format(piece, text));
		return refuse_field(&call->why, field, value);
	}
	const char *rule = zone_rule(name, zone, kind);
	if (rule == NULL)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s: %s", QUOTE(name), rule);
	return refuse_field(&call->why, field, value);
}

/* The one IPv4 prefix longer than /24. */
static bool find_piece(struct call *call, const json_t *spec, struct prefix *piece)
{
	char text[PREFIX_TEXT_MAX], other[PREFIX_TEXT_MAX];
	bool found = false;

	for (size_t i = 0; i < spec_prefixes(spec); i++) {
		const struct prefix prefix = spec_prefix(spec, i);

		if (!is_piece(&prefix))
			continue;
		if (found)
			return refuse(&call->why, PTRD_ERR_INVALID_REGION,
				"names one zone, and %s and %s are both longer than /24; make a region "
				"of each",
				prefix_format(piece, text), prefix_format(&prefix, other));
		*piece = prefix;
		found = true;
	}
	return found
		|| refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"names the zone of an IPv4 prefix longer than /24, and the region has none");
}

bool put_rfc2317(struct call *call, json_t *spec)
{
	const json_t *value = json_object_get(call->params, "rfc2317");
	char name[NAME_TEXT_MAX];
	struct prefix piece = {.length = 0};

	if (value == NULL)
		return true;
	if (!find_piece(call, spec, &piece))
		return refuse_field(&call->why, "rfc2317", value);
	return zone_name(call, "rfc2317", value, &piece, OWN, name)
		&& json_object_set_new(spec, "rfc2317", json_string(name)) == 0;
}

/* Only what the region serves as part of a whole /24 has a zone to put the delegation in. */
static bool parse_prefix(struct call *call, const json_t *spec, const char *field,
	const json_t *value, struct prefix *prefix)
{
	if (!prefix_parse(json_string_value(value), prefix, &call->why))
		return refuse_field(&call->why, field, value);
	if (!is_piece(prefix)) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"%s is not longer than /24; the parent zone delegates a whole IPv4 /24 or an "
			"IPv6 prefix itself",
			QUOTE(json_string_value(value)));
		return refuse_field(&call->why, field, value);
	}
	for (size_t i = 0; i < spec_prefixes(spec); i++) {
		const struct prefix own = spec_prefix(spec, i);

		if (own.length <= ZONE_BITS && prefix_holds(&own, &prefix->first))
			return true;
	}
	refuse(&call->why, PTRD_ERR_INVALID_REGION,
		"%s is in no prefix of the region that holds its /24",
		QUOTE(json_string_value(value)));
	return refuse_field(&call->why, field, value);
}

/*
 * A name server below the delegated name could only be found with an address record, of which
 * reverse zones have none.
 */
static bool check_ns(struct call *call, const char *field, const char *name, const json_t *ns)
{
	json_t *value;
	size_t i;

	json_array_foreach(ns, i, value)
	{
		if (!name_at_or_below(json_string_value(value), name))
			continue;
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"%s lies in the zone that it is to be asked for",
			QUOTE(json_string_value(value)));
		return refuse_field(&call->why, field, NULL);
	}
	return true;
}

static bool parse_delegation(struct call *call, const json_t *spec, size_t i, const json_t *given,
	struct delegation *delegation)
{
	char path[40], field[64], text[PREFIX_TEXT_MAX], name[NAME_TEXT_MAX];
	const json_t *ns_given = json_object_get(given, "ns");
	json_t *ns = json_array();

	delegation->shown = json_pack("{s:n,s:n,s:o}", "prefix", "name", "ns", ns);
	snprintf(field, sizeof(field), "delegations[%zu]", i);
	if (!json_is_object(given)) {
		call->why.rpc = PTRD_RPC_INVALID_PARAMS;
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "must be an object");
		return refuse_field(&call->why, field, given);
	}
	snprintf(path, sizeof(path), "delegations[%zu].", i);
	if (!params_check(delegation_params, path, given, &call->why))
		return false;
	snprintf(field, sizeof(field), "%sprefix", path);
	if (!parse_prefix(call, spec, field, json_object_get(given, "prefix"), &delegation->prefix))
		return false;
	snprintf(field, sizeof(field), "%sname", path);
	if (!zone_name(call, field, json_object_get(given, "name"), &delegation->prefix, DELEGATED,
		    name))
		return false;
	snprintf(field, sizeof(field), "%sns", path);
	if (!put_host_names(call, field, ns_given, ns)
		|| (name_at_or_below(name, "in-addr.arpa.") && !check_ns(call, field, name, ns)))
		return false;
	json_object_set_new(
		delegation->shown, "prefix", json_string(prefix_format(&delegation->prefix, text)));
	json_object_set_new(delegation->shown, "name", json_string(name));
	delegation->name = json_string_value(json_object_get(delegation->shown, "name"));
	return delegation->name != NULL;
}

static int by_first(const void *a, const void *b)
{
	const struct delegation *x = a, *y = b;

	return address_compare(&x->prefix.first, &y->prefix.first);
}

bool names_nested(const char *a, const char *b)
{
	/* Zones in the customers' own domains are not ours to keep apart. */
	return name_at_or_below(a, "in-addr.arpa.") && name_at_or_below(b, "in-addr.arpa.")
		&& (name_at_or_below(a, b) || name_at_or_below(b, a));
}

/* They are in order of address. */
static bool check_apart(
	struct call *call, const json_t *spec, const struct delegation *delegations, size_t count)
{
	const char *own = json_string_value(json_object_get(spec, "rfc2317"));
	char text[PREFIX_TEXT_MAX], other[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct delegation *one = &delegations[i];

		if (i > 0 && prefix_overlaps(&one[-1].prefix, &one->prefix)) {
			refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s and %s overlap",
				prefix_format(&one[-1].prefix, text),
				prefix_format(&one->prefix, other));
			return refuse_field(&call->why, "delegations", NULL);
		}
		const char *name = own != NULL && names_nested(own, one->name) ? own : NULL;

		for (size_t j = 0; j < i && name == NULL; j++)
			if (names_nested(delegations[j].name, one->name))
				name = delegations[j].name;
		if (name != NULL) {
			refuse(&call->why, PTRD_ERR_INVALID_REGION,
				"%s and %s: a zone must not be at or below another one",
				QUOTE(name), QUOTE(one->name));
			return refuse_field(&call->why, "delegations", NULL);
		}
	}
	return true;
}

static bool parse_delegations(struct call *call, json_t *spec, const json_t *array,
	struct delegation *delegations, json_t *sorted)
{
	const size_t count = json_array_size(array);

	for (size_t i = 0; i < count; i++)
		if (!parse_delegation(call, spec, i, json_array_get(array, i), &delegations[i]))
			return false;
	qsort(delegations, count, sizeof(*delegations), by_first);
	if (!check_apart(call, spec, delegations, count))
		return false;
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, delegations[i].shown);
	return json_object_set(spec, "delegations", sorted) == 0;
}

bool put_delegations(struct call *call, json_t *spec)
{
	const json_t *array = json_object_get(call->params, "delegations");
	struct delegation delegations[PTRD_REGION_DELEGATIONS_MAX] = {0};
	const size_t count = json_array_size(array);

	if (count == 0)
		return true;
	if (count > PTRD_REGION_DELEGATIONS_MAX) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"has %zu delegations, must have at most %d", count,
			PTRD_REGION_DELEGATIONS_MAX);
		return refuse_field(&call->why, "delegations", NULL);
	}
	json_t *sorted = json_array();
	const bool parsed = parse_delegations(call, spec, array, delegations, sorted);

	for (size_t i = 0; i < count; i++)
		json_decref(delegations[i].shown);
	json_decref(sorted);
	return parsed;
}
