#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"

#define PROJECT_PREFIX "project:"
#define LINE_MAX_SIZE 4096 /* of /etc/passwd */

/* A role with the numbers that its names stand for. */
struct rule {
	bool is_group;
	uint32_t number; /* uid or gid */
	enum role role;
	char project[PROJECT_MAX];
	char name[ACTOR_NAME_MAX]; /* of a user, or "" */
};

struct access {
	struct rule *rules;
	size_t count;
	bool open; /* who fits no rule is an operator */
};

/* What the kernel says of the other end. */
struct peer {
	struct ucred ucred;
	gid_t *groups; /* beside ucred.gid; free() */
	size_t count;
};

/* True if the text is a number. -1 is no user or group: chown(2). */
static bool read_number(const char *text, uint32_t *number)
{
	char *end;

	if (strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	const unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || value >= UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool find_user(const char *text, struct rule *rule)
{
	const struct passwd *user;

	if (read_number(text, &rule->number)) {
		user = getpwuid(rule->number);
	} else {
		user = getpwnam(text);
		if (user == NULL)
			return false;
		rule->number = user->pw_uid;
	}
	snprintf(rule->name, sizeof(rule->name), "%s", user != NULL ? user->pw_name : "");
	return true;
}

static bool find_group(const char *text, struct rule *rule)
{
	rule->is_group = true;
	if (read_number(text, &rule->number))
		return true;
	const struct group *group = getgrnam(text);
	if (group != NULL)
		rule->number = group->gr_gid;
	return group != NULL;
}

/* The configuration has checked the words. */
static void read_role(const char *text, struct rule *rule)
{
	const size_t prefix = strlen(PROJECT_PREFIX);

	if (strncmp(text, PROJECT_PREFIX, prefix) == 0) {
		rule->role = ROLE_PROJECT;
		snprintf(rule->project, sizeof(rule->project), "%s", text + prefix);
	} else {
		rule->role = strcmp(text, "viewer") == 0 ? ROLE_VIEWER : ROLE_OPERATOR;
	}
}

static bool read_rule(const struct ptrd_config_role *role, struct rule *rule)
{
	read_role(role->role, rule);
	return role->user != NULL ? find_user(role->user, rule) : find_group(role->group, rule);
}

struct access *access_new(const struct ptrd_config_control *config, const char *path)
{
	struct access *access = calloc(1, sizeof(*access));

	if (access != NULL)
		access->rules = calloc(config->roles_count + 1, sizeof(*access->rules));
	if (access == NULL || access->rules == NULL) {
		fprintf(stderr, "ptrd-control: out of memory\n");
		access_free(access);
		return NULL;
	}
	access->open = config->roles_open;
	access->count = config->roles_count;
	bool good = true;
	for (uint32_t i = 0; i < config->roles_count; i++) {
		const struct ptrd_config_role *role = &config->roles[i];
		const bool user = role->user != NULL;

		if (read_rule(role, &access->rules[i]))
			continue;
		fprintf(stderr, "%s:%u: control.roles.%u.%s: there is no %s %s\n", path, role->line,
			i, user ? "user" : "group", user ? "user" : "group",
			QUOTE(user ? role->user : role->group));
		good = false;
	}
	if (good)
		return access;
	access_free(access);
	return NULL;
}

void access_free(struct access *access)
{
	if (access != NULL)
		free(access->rules);
	free(access);
}

/* All of the groups: to lose one might lose the rule that takes a right away. */
static bool read_groups(int fd, struct peer *peer)
{
	socklen_t size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
		return true; /* none */
	/* The kernel has told the size that it needs. */
	if (errno != ERANGE || (peer->groups = malloc(size)) == NULL
		|| getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &size) < 0)
		return false;
	peer->count = size / sizeof(gid_t);
	return true;
}

static bool read_peer(int fd, struct peer *peer)
{
	socklen_t size = sizeof(peer->ucred);

	*peer = (struct peer){.groups = NULL};
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer->ucred, &size) == 0
		&& read_groups(fd, peer);
}

static bool in_group(const struct peer *peer, gid_t group)
{
	for (size_t i = 0; i < peer->count; i++)
		if (peer->groups[i] == group)
			return true;
	return peer->ucred.gid == group;
}

static bool fits(const struct rule *rule, const struct peer *peer)
{
	return rule->is_group ? in_group(peer, rule->number) : rule->number == peer->ucred.uid;
}

static const struct rule *find_rule(const struct access *access, const struct peer *peer)
{
	for (size_t i = 0; i < access->count; i++)
		if (fits(&access->rules[i], peer))
			return &access->rules[i];
	return NULL;
}

/* By the file alone: a directory service could hold up everybody's requests. */
static bool name_in_passwd(uid_t uid, char name[static ACTOR_NAME_MAX])
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char line[LINE_MAX_SIZE];

	if (file == NULL)
		return false;
	while (fgetpwent_r(file, &entry, line, sizeof(line), &found) == 0 && found->pw_uid != uid)
		found = NULL;
	if (found != NULL)
		snprintf(name, ACTOR_NAME_MAX, "%s", found->pw_name);
	fclose(file);
	return found != NULL;
}

/* The name that the roles call a user by, whichever of them the role comes from. */
static bool name_in_rules(const struct access *access, uid_t uid, char name[static ACTOR_NAME_MAX])
{
	for (size_t i = 0; access != NULL && i < access->count; i++) {
		const struct rule *rule = &access->rules[i];

		if (rule->is_group || rule->number != uid || rule->name[0] == '\0')
			continue;
		memcpy(name, rule->name, sizeof(rule->name));
		return true;
	}
	return false;
}

void access_identify(const struct access *access, int fd, struct actor *actor)
{
	struct peer peer;

	*actor = (struct actor){.role = ROLE_NONE, .name = "somebody unknown", .uid = (uid_t)-1};
	if (!read_peer(fd, &peer)) {
		fprintf(stderr, "ptrd-control: cannot tell whose a connection is: %s\n",
			strerror(errno));
		free(peer.groups);
		return;
	}
	const uid_t uid = actor->uid = peer.ucred.uid;
	const struct rule *rule = access != NULL ? find_rule(access, &peer) : NULL;

	if (!name_in_rules(access, uid, actor->name) && !name_in_passwd(uid, actor->name))
		snprintf(actor->name, sizeof(actor->name), "uid %u", uid);
	if (rule != NULL) {
		actor->role = rule->role;
		memcpy(actor->project, rule->project, sizeof(actor->project));
	} else if (access == NULL || access->open || uid == 0 || uid == geteuid()) {
		actor->role = ROLE_OPERATOR;
	}
	free(peer.groups);
}
