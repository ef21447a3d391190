#include <stdio.h>

#include "call.h"

#define RESULTS_MAX (4 * 1024 * 1024) /* bytes of all results of a batch */

static const struct param member_params[]
	= {{"method", JSON_STRING, true}, {"params", JSON_OBJECT, false}, {NULL, JSON_NULL, false}};

/* Finds what a member of `requests` asks for. */
static bool member_parse(const json_t *member, struct call *one, json_t *no_params)
{
	if (!json_is_object(member)) {
		one->why.rpc = PTRD_RPC_INVALID_PARAMS;
		return refuse(&one->why, PTRD_ERR_INVALID_REQUEST, "is not an object");
	}
	if (!params_check(member_params, "", member, &one->why))
		return false;
	const json_t *method = json_object_get(member, "method");
	const json_t *params = json_object_get(member, "params");

	one->params = params != NULL ? params : no_params;
	one->command = command_find(json_string_value(method));
	if (one->command != NULL && one->command->in_batch)
		return true;
	one->why.rpc = PTRD_RPC_METHOD_NOT_FOUND;
	refuse(&one->why, PTRD_ERR_INVALID_REQUEST, "%s %s", QUOTE(json_string_value(method)),
		one->command == NULL ? "is not a method" : "is not allowed in a batch");
	return refuse_field(&one->why, "method", method);
}

static bool refuse_member(struct call *call, const struct call *one, const json_t *member, size_t i)
{
	const char *method = json_string_value(json_object_get(member, "method"));

	call->why = one->why;
	call->why.index = (int)i;
	snprintf(call->why.method, sizeof(call->why.method), "%s", method != NULL ? method : "");
	return false;
}

/*
 * Takes over one result. Many small requests may ask for as many large ones: what others are short of
 * is bounded before the reply is made.
 */
static bool add_result(struct call *one, json_t *results, size_t *size)
{
	*size += json_dumpb(one->result, NULL, 0, JSON_COMPACT);
	json_array_append_new(results, one->result);
	return *size <= RESULTS_MAX
		|| refuse(&one->why, PTRD_ERR_INVALID_REQUEST,
			"the results up to here are longer than %d bytes: ask for fewer at a time, "
			"or for none with quiet",
			RESULTS_MAX);
}

/* All or nothing: the caller undoes what the members before a refused one have done. */
bool batch(struct call *call)
{
	const json_t *requests = json_object_get(call->params, "requests"), *member;
	const bool quiet = json_is_true(json_object_get(call->params, "quiet"));
	json_t *results = json_array(), *no_params = json_object();
	bool accepted = true;
	size_t i, size = 0;

	json_array_foreach(requests, i, member)
	{
		struct call one = {.control = call->control, .actor = call->actor, .quiet = quiet};

		refusal_init(&one.why);
		accepted = member_parse(member, &one, no_params) && command_run(&one);
		if (accepted && one.generation > call->generation)
			call->generation = one.generation;
		if (accepted && quiet)
			json_decref(one.result);
		else if (accepted)
			accepted = add_result(&one, results, &size);
		if (!accepted) {
			refuse_member(call, &one, member, i);
			break;
		}
	}
	json_decref(no_params);
	if (accepted)
		call->result = quiet
			? json_pack("{s:I}", "count", (json_int_t)json_array_size(requests))
			: json_pack("{s:O}", "results", results);
	json_decref(results);
	return accepted;
}
