#include "config_control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <ptrd/protocol.h>

#define SOCKET_PATH_MAX 107 /* struct sockaddr_un */
#define ROLES_MAX 4096
#define AUDIT_DAYS_MAX 36500
#define QUOTA_MAX 1000000000
#define PROJECT_PREFIX "project:"

static const cyaml_schema_field_t role_fields[] = {
	CYAML_FIELD_STRING_PTR("user", CYAML_FLAG_OPTIONAL, struct ptrd_config_role, user, 1, 255),
	CYAML_FIELD_STRING_PTR(
		"group", CYAML_FLAG_OPTIONAL, struct ptrd_config_role, group, 1, 255),
	CYAML_FIELD_STRING_PTR("role", CYAML_FLAG_POINTER, struct ptrd_config_role, role, 1, 255),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t role_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ptrd_config_role, role_fields),
};

const cyaml_schema_field_t config_control_fields[] = {
	CYAML_FIELD_STRING_PTR("socket", CYAML_FLAG_OPTIONAL, struct ptrd_config_control, socket, 1,
		SOCKET_PATH_MAX),
	CYAML_FIELD_UINT(
		"socket_mode", CYAML_FLAG_OPTIONAL, struct ptrd_config_control, socket_mode),
	CYAML_FIELD_STRING_PTR("socket_group", CYAML_FLAG_OPTIONAL, struct ptrd_config_control,
		socket_group, 1, 255),
	CYAML_FIELD_SEQUENCE("roles", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
		struct ptrd_config_control, roles, &role_schema, 0, ROLES_MAX),
	CYAML_FIELD_UINT("ptr_quota", CYAML_FLAG_OPTIONAL, struct ptrd_config_control, ptr_quota),
	CYAML_FIELD_UINT("audit_days", CYAML_FLAG_OPTIONAL, struct ptrd_config_control, audit_days),
	CYAML_FIELD_END,
};

static bool role_is_known(const char *role)
{
	const size_t prefix = strlen(PROJECT_PREFIX);

	if (strcmp(role, "operator") == 0 || strcmp(role, "viewer") == 0)
		return true;
	if (strncmp(role, PROJECT_PREFIX, prefix) != 0)
		return false;
	const size_t len = strlen(role + prefix);

	return len >= 1 && len <= PTRD_PROJECT_LEN_MAX
		&& strspn(role + prefix, PTRD_PROJECT_CHARACTERS) == len;
}

static bool check_role(
	const struct config_source *source, struct ptrd_config_role *role, uint32_t index)
{
	char key[64], role_key[96];
	bool good = true;

	(void)snprintf(key, sizeof(key), "control.roles.%" PRIu32, index);
	(void)snprintf(role_key, sizeof(role_key), "%s.role", key);
	role->line = config_source_line(source, key);
	if ((role->user == NULL) == (role->group == NULL))
		good = config_source_error(source, key, "must have exactly one of user and group");
	if (!role_is_known(role->role))
		good = config_source_error(source, role_key,
			"must be operator, viewer or project:NAME (1 to %d letters, digits, dots, "
			"underscores and hyphens), is \"%s\"",
			PTRD_PROJECT_LEN_MAX, role->role);
	return good;
}

static bool check_socket(const struct config_source *source, struct ptrd_config *config)
{
	struct ptrd_config_control *control = config->control;

	if (control->socket != NULL)
		return config_source_absolute(source, control->socket, "control.socket");
	if (asprintf(&control->socket, "%s/%s", config->run_dir, PTRD_SOCKET_FILE) < 0) {
		control->socket = NULL;
		return config_source_error(source, "", "out of memory");
	}
	if (strlen(control->socket) > SOCKET_PATH_MAX)
		return config_source_error(source, "run_dir",
			"the socket in it would have a path of over %d characters: set control.socket",
			SOCKET_PATH_MAX);
	return true;
}

bool config_control_check(const struct config_source *source, struct ptrd_config *config)
{
	struct ptrd_config_control *control = config->control;
	bool good = config_number(
		source, &control->socket_mode, 0660, 0, 0777, "control.socket_mode");

	good &= config_number(source, &control->ptr_quota, 50, 0, QUOTA_MAX, "control.ptr_quota");
	good &= config_number(
		source, &control->audit_days, 0, 0, AUDIT_DAYS_MAX, "control.audit_days");
	control->roles_open = config_source_line(source, "control.roles") == 0;
	for (uint32_t i = 0; i < control->roles_count; i++)
		good &= check_role(source, &control->roles[i], i);
	return check_socket(source, config) && good;
}
