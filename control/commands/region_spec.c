#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ptrd/directory.h>

#include "engine.h"
#include "region_spec.h"

#define DEFAULT_NAME "ecs-{a}-{b}-{c}-{d}.{suffix}"
#define DEFAULT_NAME6 "ecs-{address}.{suffix}"

static const struct param soa_params[] = {
	{"mname", JSON_STRING, false},
	{"rname", JSON_STRING, false},
	{"refresh", JSON_INTEGER, false},
	{"retry", JSON_INTEGER, false},
	{"expire", JSON_INTEGER, false},
	{"minimum", JSON_INTEGER, false},
	{"ttl", JSON_INTEGER, false},
	{NULL, JSON_NULL, false},
};

static const struct param ns_params[] = {
	{"names", JSON_ARRAY, false},
	{"ttl", JSON_INTEGER, false},
	{NULL, JSON_NULL, false},
};

static bool refuse_member(
	struct call *call, const char *path, const char *name, const json_t *value)
{
	char field[sizeof(call->why.field)];

	snprintf(field, sizeof(field), "%s%s", path, name);
	return refuse_field(&call->why, field, value);
}

/* A domain name: object[name], or the fallback, which is canonical. */
static bool put_name(struct call *call, json_t *spec, const char *path, const json_t *object,
	const char *name, const char *fallback)
{
	const json_t *value = json_object_get(object, name);
	char canonical[NAME_TEXT_MAX];

	if (value == NULL)
		return json_object_set_new(spec, name, json_string(fallback)) == 0;
	if (!name_canonical(json_string_value(value), canonical, &call->why))
		return refuse_member(call, path, name, value);
	return json_object_set_new(spec, name, json_string(canonical)) == 0;
}

/* A time in seconds: object[name] or the fallback. */
static bool put_seconds(struct call *call, json_t *spec, const char *path, const json_t *object,
	const char *name, json_int_t fallback)
{
	const json_t *value = json_object_get(object, name);
	const json_int_t seconds = value != NULL ? json_integer_value(value) : fallback;

	if (!ttl_check(seconds, &call->why))
		return refuse_member(call, path, name, value);
	return json_object_set_new(spec, name, json_integer(seconds)) == 0;
}

/* One of two words: the first is the default. */
static bool check_word(struct call *call, const char *name, const char *first, const char *second)
{
	const json_t *value = json_object_get(call->params, name);
	const char *text = call_text(call, name, first);

	if (strcmp(text, first) == 0 || strcmp(text, second) == 0)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s is neither \"%s\" nor \"%s\"", QUOTE(text),
		first, second);
	return refuse_field(&call->why, name, value);
}

static int by_first(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	return address_compare(&x->first, &y->first);
}

static bool parse_prefixes(struct call *call, const json_t *array, struct prefix *prefixes)
{
	const json_t *value;
	char field[32];
	size_t i;

	json_array_foreach(array, i, value)
	{
		snprintf(field, sizeof(field), "prefixes[%zu]", i);
		if (!json_is_string(value)) {
			call->why.rpc = PTRD_RPC_INVALID_PARAMS;
			refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "must be a string");
			return refuse_field(&call->why, field, value);
		}
		if (!prefix_parse(json_string_value(value), &prefixes[i], &call->why))
			return refuse_field(&call->why, field, value);
	}
	return true;
}

/* In order of address, none inside of another. */
static bool put_prefixes(struct call *call, json_t *spec, size_t min)
{
	const json_t *array = json_object_get(call->params, "prefixes");
	struct prefix prefixes[PTRD_REGION_PREFIXES_MAX];
	char text[PREFIX_TEXT_MAX], other[PREFIX_TEXT_MAX];
	const size_t count = json_array_size(array);
	json_t *sorted = json_array();

	json_object_set_new(spec, "prefixes", sorted);
	if (count < min || count > PTRD_REGION_PREFIXES_MAX) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION, "has %zu prefixes, must have %zu to %d",
			count, min, PTRD_REGION_PREFIXES_MAX);
		return refuse_field(&call->why, "prefixes", NULL);
	}
	if (!parse_prefixes(call, array, prefixes))
		return false;
	qsort(prefixes, count, sizeof(prefixes[0]), by_first);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && prefix_overlaps(&prefixes[i - 1], &prefixes[i])) {
			refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s and %s overlap",
				prefix_format(&prefixes[i - 1], text),
				prefix_format(&prefixes[i], other));
			return refuse_field(&call->why, "prefixes", NULL);
		}
		json_array_append_new(sorted, json_string(prefix_format(&prefixes[i], text)));
	}
	return true;
}

/* The template must give a host name for every address of its family. */
static bool put_template(
	struct call *call, json_t *spec, const char *name, bool ipv6, const char *fallback)
{
	const char *text = call_text(call, name, fallback);
	const char *suffix = json_string_value(json_object_get(spec, "suffix"));
	char error[ENGINE_ERROR_SIZE];

	if (!engine_check_template(text, suffix, ipv6, error)) {
		/* The engine's text begins with the field: this one, or the suffix. */
		const int len = (int)strcspn(error, " ");
		char field[32];

		snprintf(field, sizeof(field), "%.*s", len, error);
		refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s", error + len + 1);
		return refuse_field(&call->why, field, json_object_get(call->params, field));
	}
	return json_object_set_new(spec, name, json_string(text)) == 0;
}

static bool put_default_name(struct call *call, json_t *spec)
{
	return put_template(call, spec, "default_name", false, DEFAULT_NAME);
}

/* The prefixes are in order: an IPv6 one is the last. */
static bool has_ipv6(const json_t *spec)
{
	const json_t *prefixes = json_object_get(spec, "prefixes");
	const json_t *last = json_array_get(prefixes, json_array_size(prefixes) - 1);

	return last != NULL && strchr(json_string_value(last), ':') != NULL;
}

/*
 * Left out where there is no IPv6 prefix, unless given: names of IPv6 addresses are the longest,
 * and must not limit the suffix of a region that has none.
 */
static bool put_default_name6(struct call *call, json_t *spec)
{
	if (!has_ipv6(spec) && json_object_get(call->params, "default_name6") == NULL)
		return true;
	return put_template(call, spec, "default_name6", true, DEFAULT_NAME6);
}

/* `label` in front of the suffix. */
static bool below_suffix(
	struct call *call, const json_t *spec, const char *label, char name[static NAME_TEXT_MAX])
{
	const json_t *suffix = json_object_get(spec, "suffix");
	char joined[NAME_TEXT_MAX + 16];

	snprintf(joined, sizeof(joined), "%s.%s", label, json_string_value(suffix));
	return name_canonical(joined, name, &call->why)
		|| refuse_field(&call->why, "suffix", json_object_get(call->params, "suffix"));
}

static bool has_text(const json_t *array, const char *text)
{
	const json_t *value;
	size_t i;

	json_array_foreach(
		array, i, value) if (strcmp(json_string_value(value), text) == 0) return true;
	return false;
}

static bool put_host_name(struct call *call, const char *field, const json_t *value, json_t *names)
{
	char canonical[NAME_TEXT_MAX];

	if (!json_is_string(value)) {
		call->why.rpc = PTRD_RPC_INVALID_PARAMS;
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "must be a string");
		return refuse_field(&call->why, field, value);
	}
	if (!name_canonical(json_string_value(value), canonical, &call->why))
		return refuse_field(&call->why, field, value);
	return has_text(names, canonical)
		|| json_array_append_new(names, json_string(canonical)) == 0;
}

bool put_host_names(struct call *call, const char *field, const json_t *given, json_t *names)
{
	char member[sizeof(call->why.field)];
	const json_t *value;
	size_t i;

	json_array_foreach(given, i, value)
	{
		snprintf(member, sizeof(member), "%s[%zu]", field, i);
		if (!put_host_name(call, member, value, names))
			return false;
	}
	if (json_array_size(names) >= 1 && json_array_size(names) <= PTRD_REGION_NS_MAX)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_REGION, "has %zu names, must have 1 to %d",
		json_array_size(names), PTRD_REGION_NS_MAX);
	return refuse_field(&call->why, field, NULL);
}

static bool put_ns(struct call *call, json_t *spec)
{
	const json_t *given = json_object_get(call->params, "ns");
	const json_t *given_names = json_object_get(given, "names");
	json_t *ns = json_object(), *names = json_array();
	char name[NAME_TEXT_MAX];

	json_object_set_new(spec, "ns", ns);
	json_object_set_new(ns, "names", names);
	if (given != NULL && !params_check(ns_params, "ns.", given, &call->why))
		return false;
	if (given_names != NULL) {
		if (!put_host_names(call, "ns.names", given_names, names))
			return false;
	} else {
		if (!below_suffix(call, spec, "ns1", name))
			return false;
		json_array_append_new(names, json_string(name));
	}
	return put_seconds(call, ns, "ns.", given, "ttl", 3600);
}

static bool put_soa(struct call *call, json_t *spec)
{
	const json_t *given = json_object_get(call->params, "soa");
	const json_t *ns_names = json_object_get(json_object_get(spec, "ns"), "names");
	json_t *soa = json_object();
	char rname[NAME_TEXT_MAX];

	json_object_set_new(spec, "soa", soa);
	return (given == NULL || params_check(soa_params, "soa.", given, &call->why))
		&& below_suffix(call, spec, "hostmaster", rname)
		&& put_name(call, soa, "soa.", given, "mname",
			json_string_value(json_array_get(ns_names, 0)))
		&& put_name(call, soa, "soa.", given, "rname", rname)
		&& put_seconds(call, soa, "soa.", given, "refresh", 3600)
		&& put_seconds(call, soa, "soa.", given, "retry", 900)
		&& put_seconds(call, soa, "soa.", given, "expire", 604800)
		&& put_seconds(call, soa, "soa.", given, "minimum", 300)
		&& put_seconds(call, soa, "soa.", given, "ttl", 3600);
}

static bool put_all(struct call *call, json_t *spec, size_t prefixes_min)
{
	return put_prefixes(call, spec, prefixes_min)
		&& put_name(call, spec, "", call->params, "suffix", "")
		&& put_default_name(call, spec) && put_default_name6(call, spec)
		&& put_seconds(call, spec, "", call->params, "default_ttl", 300)
		&& check_word(call, "unbound", "nxdomain", "default")
		&& json_object_set_new(
			   spec, "unbound", json_string(call_text(call, "unbound", "nxdomain")))
		== 0
		&& put_ns(call, spec) && put_soa(call, spec) && put_rfc2317(call, spec)
		&& put_delegations(call, spec) && check_word(call, "state", "attached", "detached");
}

json_t *region_spec(struct call *call, size_t prefixes_min)
{
	json_t *spec = json_object();

	/* Replaced by the reason, unless it is memory that is short. */
	refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	if (put_all(call, spec, prefixes_min))
		return spec;
	json_decref(spec);
	return NULL;
}
