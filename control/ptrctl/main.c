#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ptrd/protocol.h>

#include "command.h"

#define DEFAULT_SOCKET "/run/ptrd/" PTRD_SOCKET_FILE

/* Command line split into what holds for every command and the words of one. */
struct invocation {
	struct session session;
	bool help, version;
	char **words;
	int count;
};

static enum exit_status usage(const char *message, const char *word)
{
	fprintf(stderr, "ptrctl: %s%s\n  'ptrctl help' lists the commands\n", message, word);
	return EXIT_USAGE;
}

static enum exit_status print_help(FILE *out)
{
	fputs("usage: ptrctl [--socket PATH] [--json] NOUN VERB [ARGUMENTS]\n\n", out);
	command_help(out, NULL);
	fprintf(out,
		"  %-18s  show the arguments of a command\n\n"
		"options:\n"
		"  --socket PATH   control process to talk to, else that of $PTRD_SOCKET,\n"
		"                  else %s\n"
		"  --json          show results and refusals as JSON, one object on a line\n"
		"  --version       show the version\n\n"
		"exit status: 0 done, 1 refused, 2 usage, 3 no control process,\n"
		"             4 stored, not yet served\n",
		"help COMMAND", DEFAULT_SOCKET);
	return EXIT_OK;
}

/* Takes the options that any command has out of the words. Returns false after saying what is
 * wrong. */
static bool take_options(struct invocation *invocation, int argc, char *argv[])
{
	const char *environment = getenv("PTRD_SOCKET");
	const char *socket = environment != NULL && *environment != '\0' ? environment : NULL;

	invocation->words = argv;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "--") == 0) {
			while (i < argc)
				argv[invocation->count++] = argv[i++];
		} else if (strcmp(word, "--json") == 0) {
			invocation->session.json = true;
		} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			invocation->help = true;
		} else if (strcmp(word, "--version") == 0) {
			invocation->version = true;
		} else if (strncmp(word, "--socket=", 9) == 0) {
			socket = word + 9;
		} else if (strcmp(word, "--socket") == 0) {
			if (++i == argc) {
				usage("--socket needs a value", "");
				return false;
			}
			socket = argv[i];
		} else {
			argv[invocation->count++] = argv[i];
		}
	}
	invocation->session.socket = socket != NULL ? socket : DEFAULT_SOCKET;
	return true;
}

static enum exit_status unknown(const char *noun, const char *verb)
{
	if (!command_is_noun(noun)) {
		fprintf(stderr, "ptrctl: %s: no such command\n", noun);
		fputs("  'ptrctl help' lists the commands\n", stderr);
		return EXIT_USAGE;
	}
	if (verb != NULL)
		fprintf(stderr, "ptrctl: %s %s: no such command; there are:\n", noun, verb);
	else
		fprintf(stderr, "ptrctl: %s: a verb is missing; there are:\n", noun);
	command_help(stderr, noun);
	return EXIT_USAGE;
}

static enum exit_status run(struct invocation *invocation)
{
	char **words = invocation->words;
	int count = invocation->count, taken = 0;

	if (invocation->version) {
		puts("ptrctl " PTRD_VERSION);
		return EXIT_OK;
	}
	if (count > 0 && strcmp(words[0], "help") == 0) {
		invocation->help = true;
		words++;
		count--;
	}
	if (count == 0)
		return invocation->help ? print_help(stdout) : usage("no command", "");

	const char *verb = count > 1 ? words[1] : NULL;
	const struct command *command = command_find(words[0], verb, &taken);

	if (command == NULL && invocation->help && verb == NULL
		&& command_help(stdout, words[0]) > 0)
		return EXIT_OK;
	if (command == NULL)
		return unknown(words[0], verb);
	if (invocation->help) {
		command_usage(stdout, command);
		return EXIT_OK;
	}
	json_t *params = arguments_parse(
		command->arguments, command_title(command), count - taken, words + taken);
	if (params == NULL) {
		command_usage(stderr, command);
		return EXIT_USAGE;
	}
	enum exit_status status = command->run(&invocation->session, command, params);

	json_decref(params);
	return status;
}

/* Output that could not be written is an error, unless it went to a reader who has seen enough. */
static enum exit_status finish_output(enum exit_status status)
{
	struct stat st;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	/* The errno of a failed write long ago is lost: what standard output is decides. */
	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return status;
	fputs("ptrctl: standard output could not be written\n", stderr);
	return status == EXIT_OK ? EXIT_REFUSED : status;
}

int main(int argc, char *argv[])
{
	struct invocation invocation = {0};

	/* `ptrctl eip list | head` ends by the write that fails. */
	signal(SIGPIPE, SIG_IGN);
	if (!take_options(&invocation, argc, argv))
		return EXIT_USAGE;
	enum exit_status status = run(&invocation);

	client_close(invocation.session.client);
	return (int)finish_output(status);
}
