#include "actor.h"

const struct actor actor_operator = {.role = ROLE_OPERATOR, .name = "operator"};
