#include "cases.h"

#include "rows.h"

static const struct contract_rows *const groups[] = {&contract_ipv4_rows, &contract_ipv6_rows,
	&contract_sizes_rows, &contract_message_rows, &contract_flags_rows, &contract_transfer_rows,
	&contract_edns_rows, &contract_cookie_rows};

const struct contract_case *contract_case_at(size_t index)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (index < groups[i]->count)
			return &groups[i]->rows[index];
		index -= groups[i]->count;
	}
	return NULL;
}
