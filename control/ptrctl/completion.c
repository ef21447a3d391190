/* Completion for a shell, made from the same tables that commands are parsed by. */
#include <string.h>

#include "command.h"

static const struct argument completion_arguments[] = {
	{"SHELL", NULL, "shell", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const char head[]
	= "# bash completion of ptrctl: eval \"$(ptrctl completion bash)\"\n"
	  "_ptrctl() {\n"
	  "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=() socket=() choices region='' i\n"
	  "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	  "\t\tcase ${COMP_WORDS[i]} in\n"
	  "\t\t--socket) socket=(--socket \"${COMP_WORDS[++i]-}\") ;;\n"
	  "\t\thelp | -*) ;;\n"
	  "\t\t*) words+=(\"${COMP_WORDS[i]}\") ;;\n"
	  "\t\tesac\n"
	  "\tdone\n"
	  "\tcase \"${words[0]-} ${words[1]-}\" in\n";

/* Without a control process there are no names to choose from, and that is all. */
static const char tail[] = "\tesac\n"
			   "\tif [[ $word != -* && (${COMP_WORDS[COMP_CWORD - 1]} == --region ||\n"
			   "\t\t${#words[@]} == \"$region\") ]]; then\n"
			   "\t\tchoices=$(\"$1\" \"${socket[@]}\" region list 2>/dev/null |\n"
			   "\t\t\tawk 'NR > 1 { print $1 }')\n"
			   "\tfi\n"
			   "\t# shellcheck disable=SC2207 # words without blanks\n"
			   "\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
			   "}\n"
			   "complete -o default -F _ptrctl ptrctl\n";

static void print_options(const struct command *command)
{
	for (const struct argument *a = command->arguments; a->word != NULL; a++)
		if (a->word[0] == '-')
			printf("%s ", a->word);
}

/* How many words stand before the one that names a region; 0: none does. */
static int region_place(const struct command *command)
{
	int place = command->verb != NULL ? 2 : 1;

	for (const struct argument *a = command->arguments; a->word != NULL; a++) {
		if (strcmp(a->word, "REGION") == 0)
			return place;
		place += a->word[0] != '-';
	}
	return 0;
}

/* A line of the case statement for each command: "eip bind"*) its options. */
static void print_command(const struct command *command)
{
	printf("\t\"%s %s\"*) choices=\"", command->noun,
		command->verb != NULL ? command->verb : "");
	print_options(command);
	printf("--json --help\"");
	if (region_place(command) > 0)
		printf(" region=%d", region_place(command));
	printf(" ;;\n");
}

/* What may stand first; or behind `noun`. */
static void print_words(const char *noun)
{
	const struct command *c;
	const char *last = "";

	for (unsigned i = 0; (c = command_at(i)) != NULL; i++) {
		if (noun != NULL && strcmp(c->noun, noun) == 0 && c->verb != NULL)
			printf("%s ", c->verb);
		if (noun == NULL && strcmp(c->noun, last) != 0)
			printf("%s ", c->noun);
		last = c->noun;
	}
}

static enum exit_status run_completion(
	struct session *session, const struct command *command, json_t *params)
{
	const char *shell = json_string_value(json_object_get(params, "shell"));
	const struct command *c;
	const char *last = "";

	(void)session;
	if (strcmp(shell, "bash") != 0) {
		fprintf(stderr, "ptrctl: %s: '%s': bash is the only shell there is one for\n",
			command_title(command), shell);
		return EXIT_USAGE;
	}
	fputs(head, stdout);
	for (unsigned i = 0; (c = command_at(i)) != NULL; i++)
		print_command(c);
	for (unsigned i = 0; (c = command_at(i)) != NULL; i++) {
		if (c->verb == NULL || strcmp(c->noun, last) == 0)
			continue;
		last = c->noun;
		printf("\t\"%s \"*) choices=\"", c->noun);
		print_words(c->noun);
		printf("\" ;;\n");
	}
	printf("\t*) choices=\"");
	print_words(NULL);
	printf("help --socket --json --version --help\" ;;\n");
	fputs(tail, stdout);
	return EXIT_OK;
}

const struct command completion_commands[] = {
	{"completion", NULL, run_completion, NULL, completion_arguments, NULL,
		"write completion for a SHELL (bash) to standard output"},
	{NULL},
};
