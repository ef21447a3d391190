#include "changes_check.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "query.h"
#include "reply.h"

#define TRIES 30 /* a lost packet is no wrong answer, nor is one that waits for a busy machine */
#define NAMES_MAX 3
#define RCODE_NXDOMAIN 3
#define RCODE_REFUSED 5

/* Whatever `expected` has is in `actual`, which may have more members. */
static bool covers(const json_t *actual, const json_t *expected)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_object(expected)) {
		json_object_foreach((json_t *)(uintptr_t)expected, name, value)
		{
			if (!covers(json_object_get(actual, name), value))
				return false;
		}
		return true;
	}
	if (!json_is_array(expected))
		return json_equal(actual, expected);
	if (!json_is_array(actual) || json_array_size(actual) != json_array_size(expected))
		return false;
	json_array_foreach(expected, i, value)
	{
		if (!covers(json_array_get(actual, i), value))
			return false;
	}
	return true;
}

static void print_json(const char *what, const json_t *json)
{
	printf("%s", what);
	json_dumpf(json, stdout, JSON_ENCODE_ANY | JSON_SORT_KEYS);
	printf("\n");
}

static bool differ(const char *what, const json_t *expected, const json_t *actual)
{
	printf("%s\n", what);
	print_json("  want: ", expected);
	print_json("  got:  ", actual);
	return false;
}

bool check_row(const json_t *row, const json_t *expected)
{
	return covers(row, expected) || differ("a row of the audit", expected, row);
}

/* The PTR with what is empty too, as lists show it. */
static json_t *listed_ptr(const struct stream *stream, const struct eip *eip)
{
	json_t *ptr = ptr_json(stream, eip->ptr);
	json_t *empty = json_pack("{s:s,s:[]}", "description", "", "tags");

	json_object_update_missing(ptr, empty);
	json_decref(empty);
	return ptr;
}

static json_t *listed_eip(const struct stream *stream, unsigned i)
{
	const struct eip *eip = &stream->now.eips[i];
	const struct region *region = region_of(&stream->now, i);
	const unsigned owner = (unsigned)stream->now.owner[i / BLOCK_EIPS];
	char address[TEXT_MAX], id[TEXT_MAX], name[TEXT_MAX], project[TEXT_MAX], shown[TEXT_MAX];

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o?}", "address", address_text(stream, i, address),
		"id", id_text(stream, eip->id, id), "region", region_text(stream, owner, name),
		"project", project_text(stream, eip->project, project), "default_name",
		default_name(stream, region, i, shown), "ptr",
		eip->ptr != 0 ? listed_ptr(stream, eip) : NULL);
}

/* What is in the list of PTRs besides: those of the EIP. */
static json_t *listed_record(const struct stream *stream, unsigned i, const json_t *of_eip)
{
	json_t *record = listed_ptr(stream, &stream->now.eips[i]);
	const char *region = json_string_value(json_object_get(of_eip, "region"));

	json_object_set_new(record, "id",
		json_sprintf("%s:%s", region, json_string_value(json_object_get(of_eip, "id"))));
	json_object_set(record, "region", json_object_get(of_eip, "region"));
	json_object_set(record, "address", json_object_get(of_eip, "address"));
	json_object_set(record, "project", json_object_get(of_eip, "project"));
	json_object_set_new(record, "status",
		json_string(region_of(&stream->now, i)->attached ? "ACTIVE" : "DISABLED"));
	return record;
}

static json_t *listed_region(const struct stream *stream, unsigned r)
{
	const struct state *state = &stream->now;
	const struct region *region = &state->regions[r];
	char name[TEXT_MAX], suffix[TEXT_MAX];

	return json_pack("{s:s,s:o,s:s,s:I,s:s,s:s,s:I,s:I}", "name", region_text(stream, r, name),
		"prefixes", region_prefixes(stream, state, (int)r), "suffix",
		suffix_text(region, suffix), "default_ttl", (json_int_t)region->ttl, "unbound",
		region->unbound_default ? "default" : "nxdomain", "state",
		region->attached ? "attached" : "detached", "eips",
		(json_int_t)count_eips(state, (int)r, -1), "ptrs",
		(json_int_t)count_ptrs(state, (int)r, -1));
}

static json_t *listed_project(const struct stream *stream, unsigned i)
{
	const struct state *state = &stream->now;
	const bool configured = state->quota[i] == NO_QUOTA;
	char name[TEXT_MAX];

	return json_pack("{s:s,s:b,s:I,s:I,s:I}", "project", project_text(stream, i, name),
		"default", configured, "quota", (json_int_t)(configured ? 0 : state->quota[i]),
		"eips", (json_int_t)count_eips(state, -1, (int)i), "ptrs",
		(json_int_t)count_ptrs(state, -1, (int)i));
}

struct lists {
	json_t *regions, *projects, *eips, *ptrs;
};

static void add_stream(struct lists *want, const struct stream *stream)
{
	const struct state *state = &stream->now;

	for (unsigned i = 0; i < REGIONS; i++)
		if (state->regions[i].exists)
			json_array_append_new(want->regions, listed_region(stream, i));
	for (unsigned i = 0; i < PROJECTS; i++)
		if (state->quota[i] != NO_QUOTA || count_eips(state, -1, (int)i) > 0)
			json_array_append_new(want->projects, listed_project(stream, i));
	for (unsigned i = 0; i < EIPS; i++) {
		if (!state->eips[i].bound)
			continue;
		json_t *eip = listed_eip(stream, i);

		if (state->eips[i].ptr != 0)
			json_array_append_new(want->ptrs, listed_record(stream, i, eip));
		json_array_append_new(want->eips, eip);
	}
}

/* `expected` becomes its own. All of the list is one page. */
static bool check_list(
	struct client *client, const char *method, const char *member, json_t *expected)
{
	json_t *params = json_object(), *reply = client_request(client, method, params), *item;
	const json_t *result = json_object_get(reply, "result");
	const json_t *actual = json_object_get(result, member);
	const size_t count = json_array_size(expected);
	bool same = true;
	size_t i;

	json_array_foreach(expected, i, item)
	{
		const json_t *got = json_array_get(actual, i);

		same = same && (covers(got, item) || differ(method, item, got));
	}
	if (same
		&& (json_array_size(actual) != count || !json_is_array(actual)
			|| json_integer_value(json_object_get(result, "total"))
				!= (json_int_t)count)) {
		printf("%s: not the %zu that there are to be\n", method, count);
		print_json("  got: ", reply);
		same = false;
	}
	json_decref(params);
	json_decref(reply);
	json_decref(expected);
	return same;
}

bool check_lists(struct client *client, const struct stream *streams, unsigned count)
{
	struct lists want = {json_array(), json_array(), json_array(), json_array()};

	for (unsigned i = 0; i < count; i++)
		add_stream(&want, &streams[i]);
	/* No one of them is left out for another one's failure: each frees what it is given. */
	return check_list(client, "region.list", "regions", want.regions)
		& check_list(client, "project.list", "projects", want.projects)
		& check_list(client, "eip.list", "eips", want.eips)
		& check_list(client, "ptr.list", "ptrs", want.ptrs);
}

static bool has_rcode(const uint8_t *reply, size_t len, unsigned rcode, char *error)
{
	uint32_t address;

	if (reply_address(reply, len, &address) && (reply[3] & 15) == rcode)
		return true;
	snprintf(error, REPLY_ERROR_SIZE, "rcode %u, not %u", reply[3] & 15u, rcode);
	return false;
}

/* Fills what is expected of a bound EIP, or of an unbound one that has its default name all the same. */
static void expect_names(const struct stream *stream, const struct state *state, unsigned i,
	struct expected *expected, char names[NAMES_MAX][TEXT_MAX])
{
	const struct region *region = region_of(state, i);
	const unsigned ptr = state->eips[i].bound ? state->eips[i].ptr : 0;

	expected->count = 1;
	expected->ttl = region->ttl;
	default_name(stream, region, i, names[0]);
	if (ptr == 0)
		return;
	json_t *list = ptr_names(stream, ptr);

	expected->ttl = ptr_ttl(ptr);
	expected->count = (unsigned)json_array_size(list);
	for (unsigned n = 0; n < expected->count; n++)
		snprintf(names[n], TEXT_MAX, "%s", json_string_value(json_array_get(list, n)));
	json_decref(list);
}

static bool is_answer_of(const struct stream *stream, const struct state *state, unsigned i,
	const uint8_t *reply, size_t len, char *error)
{
	const struct region *region = region_of(state, i);
	char text[NAMES_MAX][TEXT_MAX];
	char *names[NAMES_MAX] = {text[0], text[1], text[2]};
	struct expected expected = {.address = eip_address(stream, i), .names = names};

	if (region == NULL || !region->attached)
		return has_rcode(reply, len, RCODE_REFUSED, error);
	if (!state->eips[i].bound && !region->unbound_default)
		return has_rcode(reply, len, RCODE_NXDOMAIN, error);
	expect_names(stream, state, i, &expected, text);
	return reply_check(reply, len, &expected, error);
}

static size_t ask(int fd, uint32_t address, uint8_t *reply, size_t size)
{
	static uint16_t id;
	ssize_t len = 0;

	for (int i = 0; i < TRIES && len <= 0; i++)
		if (query_send(fd, ++id, address) == 0)
			len = query_receive(fd, id, 1000, reply, size);
	return len > 0 ? (size_t)len : 0;
}

/* The states' answers to compare with: see changes_check.h. */
static bool is_answer_of_any(const struct stream *stream, unsigned eip,
	const struct state *const *states, unsigned count, const uint8_t *reply, size_t len,
	char *error)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned of_eip = 0; of_eip < count; of_eip++) {
			struct state state = *states[i];

			state.eips[eip] = states[of_eip]->eips[eip];
			if (is_answer_of(stream, &state, eip, reply, len, error))
				return true;
		}
	}
	return false;
}

bool check_answer(int fd, const struct stream *stream, unsigned eip,
	const struct state *const *states, unsigned count)
{
	char error[REPLY_ERROR_SIZE] = "no answer", address[TEXT_MAX];
	uint8_t reply[4096];
	const size_t len = ask(fd, eip_address(stream, eip), reply, sizeof(reply));

	if (len > 0 && is_answer_of_any(stream, eip, states, count, reply, len, error))
		return true;
	printf("%s, of %u states: %s\n", address_text(stream, eip, address), count, error);
	return false;
}
