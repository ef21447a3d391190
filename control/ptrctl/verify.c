/*
 * Verify: what mail receivers and the like check of an address before they trust its name. The PTR
 * as the node answers it, and then whether each name in it resolves forward to the address
 * (forward-confirmed reverse DNS; RFC 8601 section 2.7.3, iprev).
 */
#include <string.h>

#include <arpa/inet.h>
#include <ldns/ldns.h>

#include "command.h"

#define TIMEOUT_SECONDS 2
#define TRIES 3

static const struct argument verify_arguments[] = {
	{"ADDRESS", NULL, "address", ARGUMENT_TEXT, .required = true},
	{"--server", "ADDRESS", "server", ARGUMENT_TEXT},
	{"--resolver", "ADDRESS", "resolver", ARGUMENT_TEXT},
	{NULL},
};

/* An address of either family as an RR's data, or NULL. */
static ldns_rdf *address_rdf(const char *text)
{
	ldns_rdf *rdf = NULL;

	if (ldns_str2rdf_a(&rdf, text) != LDNS_STATUS_OK
		&& ldns_str2rdf_aaaa(&rdf, text) != LDNS_STATUS_OK)
		return NULL;
	return rdf;
}

static ldns_resolver *with_limits(ldns_resolver *resolver)
{
	const struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};

	ldns_resolver_set_timeout(resolver, timeout);
	ldns_resolver_set_retry(resolver, TRIES);
	return resolver;
}

/* One that asks `server` alone; NULL after saying that it is no address. */
static ldns_resolver *resolver_at(const char *option, const char *server)
{
	ldns_rdf *address = address_rdf(server);

	if (address == NULL) {
		fprintf(stderr, "ptrctl: verify: %s: '%s' is no IP address\n", option, server);
		return NULL;
	}
	ldns_resolver *resolver = ldns_resolver_new();

	ldns_resolver_push_nameserver(resolver, address);
	ldns_rdf_deep_free(address);
	return with_limits(resolver);
}

/* The one that this host uses. */
static ldns_resolver *system_resolver(void)
{
	ldns_resolver *resolver = NULL;
	const ldns_status status = ldns_resolver_new_frm_file(&resolver, NULL);

	if (status == LDNS_STATUS_OK)
		return with_limits(resolver);
	fprintf(stderr, "ptrctl: verify: /etc/resolv.conf: %s; --resolver names one\n",
		ldns_get_errorstr_by_id(status));
	return NULL;
}

/* The answer's RRs of that type, the caller's; `why`: the reason for none. */
static ldns_rr_list *ask(ldns_resolver *resolver, const ldns_rdf *name, ldns_rr_type type,
	uint16_t flags, const char **why)
{
	ldns_pkt *reply = NULL;
	ldns_rr_list *records = NULL;
	const ldns_status status
		= ldns_resolver_query_status(&reply, resolver, name, type, LDNS_RR_CLASS_IN, flags);

	*why = "there is no such record";
	if (status != LDNS_STATUS_OK)
		*why = ldns_get_errorstr_by_id(status);
	else if (reply == NULL)
		*why = "no reply";
	else if (ldns_pkt_get_rcode(reply) == LDNS_RCODE_NXDOMAIN)
		*why = "there is no such name";
	else if (ldns_pkt_get_rcode(reply) == LDNS_RCODE_REFUSED)
		*why = "REFUSED: it is in no region that is served";
	else if (ldns_pkt_get_rcode(reply) != LDNS_RCODE_NOERROR)
		*why = "the server failed";
	else
		records = ldns_pkt_rr_list_by_type(reply, type, LDNS_SECTION_ANSWER);
	ldns_pkt_free(reply);
	return records;
}

static json_t *rdf_json(const ldns_rdf *rdf)
{
	char *text = ldns_rdf2str(rdf);
	json_t *json = json_string(text);

	LDNS_FREE(text);
	return json;
}

/* What the name resolves to, and whether the address is among it. */
static json_t *check_forward(
	ldns_resolver *resolver, const ldns_rdf *name, const ldns_rdf *address, bool *confirmed)
{
	const ldns_rr_type type = ldns_rdf_get_type(address) == LDNS_RDF_TYPE_A ? LDNS_RR_TYPE_A
										: LDNS_RR_TYPE_AAAA;
	const char *why;
	ldns_rr_list *records = ask(resolver, name, type, LDNS_RD, &why);
	json_t *addresses = json_array(), *found;
	bool match = false;

	for (size_t i = 0; records != NULL && i < ldns_rr_list_rr_count(records); i++) {
		const ldns_rdf *one = ldns_rr_rdf(ldns_rr_list_rr(records, i), 0);

		match |= ldns_rdf_compare(one, address) == 0;
		json_array_append_new(addresses, rdf_json(one));
	}
	found = json_pack("{s:o,s:o,s:b}", "name", rdf_json(name), "addresses", addresses,
		"confirmed", match);
	if (records == NULL)
		json_object_set_new(found, "error", json_string(why));
	*confirmed &= match;
	ldns_rr_list_deep_free(records);
	return found;
}

static void show(const json_t *result)
{
	const json_t *name, *names = json_object_get(result, "names");
	size_t i;

	printf("%s at %s:\n", json_string_value(json_object_get(result, "address")),
		json_string_value(json_object_get(result, "server")));
	json_array_foreach(names, i, name)
	{
		const json_t *address, *addresses = json_object_get(name, "addresses");
		const char *error = json_string_value(json_object_get(name, "error"));
		size_t j;

		printf("  %s  %s", json_string_value(json_object_get(name, "name")),
			json_is_true(json_object_get(name, "confirmed")) ? "confirmed:"
									 : "NOT CONFIRMED:");
		json_array_foreach(addresses, j, address) printf(" %s", json_string_value(address));
		printf("%s%s\n", error != NULL ? " " : "", error != NULL ? error : "");
	}
}

/* Every name that the node answers is to lead back. */
static enum exit_status check(struct session *session, const char *address_text, const char *server,
	ldns_resolver *node, ldns_resolver *forward)
{
	ldns_rdf *address = address_rdf(address_text);
	ldns_rdf *reverse = ldns_rdf_address_reverse(address);
	json_t *names = json_array();
	bool confirmed = true;
	const char *why;
	ldns_rr_list *records = ask(node, reverse, LDNS_RR_TYPE_PTR, 0, &why);

	if (records == NULL)
		fprintf(stderr, "ptrctl: verify: PTR of %s at %s: %s\n", address_text, server, why);
	for (size_t i = 0; records != NULL && i < ldns_rr_list_rr_count(records); i++)
		json_array_append_new(names,
			check_forward(forward, ldns_rr_rdf(ldns_rr_list_rr(records, i), 0), address,
				&confirmed));
	confirmed &= records != NULL;
	json_t *result = json_pack("{s:s,s:s,s:o,s:b}", "address", address_text, "server", server,
		"names", names, "confirmed", confirmed);

	if (session->json)
		print_json(result);
	else if (records != NULL)
		show(result);
	json_decref(result);
	ldns_rr_list_deep_free(records);
	ldns_rdf_deep_free(reverse);
	ldns_rdf_deep_free(address);
	return confirmed ? EXIT_OK : EXIT_REFUSED;
}

/* An address without its mask, as text of the family's own form; false after saying what it is not. */
static bool read_address(const char *given, char text[static INET6_ADDRSTRLEN])
{
	char address[INET6_ADDRSTRLEN + 4];
	uint8_t bytes[16];
	char *slash;

	snprintf(address, sizeof(address), "%s", given);
	slash = strchr(address, '/');
	const bool mask4 = slash != NULL && strcmp(slash, "/32") == 0;
	const bool mask6 = slash != NULL && strcmp(slash, "/128") == 0;
	if (slash != NULL)
		*slash = '\0';
	for (int i = 0; i < 2; i++) {
		const int family = i == 0 ? AF_INET : AF_INET6;

		if ((slash == NULL || (i == 0 ? mask4 : mask6))
			&& inet_pton(family, address, bytes) == 1)
			return inet_ntop(family, bytes, text, INET6_ADDRSTRLEN) != NULL;
	}
	fprintf(stderr, "ptrctl: verify: ADDRESS: '%s' is no single IP address\n", given);
	return false;
}

/* The node's own first service address; NULL after saying why there is none. */
static json_t *own_server(struct session *session, const struct command *command)
{
	json_t *nothing = json_object(), *status = NULL;
	json_t *server = NULL;

	if (session_call(session, command, command->method, nothing, &status) == EXIT_OK) {
		server = json_incref(
			json_array_get(json_object_get(status, "service_addresses"), 0));
		json_decref(status);
		if (server == NULL)
			fprintf(stderr,
				"ptrctl: verify: the node names no service address; "
				"--server names one\n");
	}
	json_decref(nothing);
	return server;
}

static enum exit_status run_verify(
	struct session *session, const struct command *command, json_t *params)
{
	const char *resolver = json_string_value(json_object_get(params, "resolver"));
	json_t *server = json_incref(json_object_get(params, "server"));
	enum exit_status status = EXIT_USAGE;
	char address[INET6_ADDRSTRLEN];

	if (!read_address(json_string_value(json_object_get(params, "address")), address))
		return status;
	if (server == NULL && (server = own_server(session, command)) == NULL)
		return EXIT_NO_DAEMON;
	ldns_resolver *node = resolver_at("--server", json_string_value(server));
	ldns_resolver *forward
		= resolver != NULL ? resolver_at("--resolver", resolver) : system_resolver();

	if (node != NULL && forward != NULL)
		status = check(session, address, json_string_value(server), node, forward);
	if (node != NULL)
		ldns_resolver_deep_free(node);
	if (forward != NULL)
		ldns_resolver_deep_free(forward);
	json_decref(server);
	return status;
}

const struct command verify_commands[] = {
	{"verify", NULL, run_verify, "node.status", verify_arguments, NULL,
		"ask for an address's names; check that each leads back"},
	{NULL},
};
