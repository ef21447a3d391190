#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "total.h"

bool total_key(const struct call *call, struct total *key)
{
	static const char *const page[] = {"limit", "marker", "offset", "total"};
	const struct store *store = call->control->store;
	const char *project = actor_project(call->actor);
	crypto_generichash_state hash;

	if (store_revision(store) != store_committed(store))
		return false;
	json_t *params = json_copy((json_t *)(uintptr_t)call->params);

	for (size_t i = 0; i < sizeof(page) / sizeof(page[0]); i++)
		json_object_del(params, page[i]);
	char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(params);
	if (text == NULL)
		return false;
	/* Neither a method nor a project has a NUL in it. */
	crypto_generichash_init(&hash, NULL, 0, sizeof(key->list));
	crypto_generichash_update(
		&hash, (const uint8_t *)call->command->method, strlen(call->command->method) + 1);
	if (project != NULL)
		crypto_generichash_update(&hash, (const uint8_t *)project, strlen(project));
	crypto_generichash_update(&hash, (const uint8_t *)"", 1);
	crypto_generichash_update(&hash, (const uint8_t *)text, strlen(text));
	crypto_generichash_final(&hash, key->list, sizeof(key->list));
	free(text);
	key->revision = store_revision(store);
	return true;
}

bool total_find(const struct control *control, const struct total *key, uint64_t *count)
{
	for (size_t i = 0; i < TOTALS_MAX; i++) {
		const struct total *total = &control->totals[i];

		if (total->revision != key->revision
			|| memcmp(total->list, key->list, sizeof(key->list)) != 0)
			continue;
		*count = total->count;
		return true;
	}
	return false;
}

void total_keep(struct control *control, const struct total *key, uint64_t count)
{
	struct total *total = &control->totals[control->totals_next++ % TOTALS_MAX];

	*total = *key;
	total->count = count;
}
