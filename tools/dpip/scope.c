/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip: scopes by name or by the API's number. kni_host is a route's only, and
 * stands last, so that one table serves both.
 */
#include "dpip/scope.h"

#include <stdio.h>

#include "api/addr.h"

static const struct args_choice scopes[] = {
	{ "global", API_SCOPE_GLOBAL }, { "site", API_SCOPE_SITE }, { "link", API_SCOPE_LINK },
	{ "host", API_SCOPE_HOST },     { "0", API_SCOPE_GLOBAL },  { "1", API_SCOPE_SITE },
	{ "2", API_SCOPE_LINK },        { "3", API_SCOPE_HOST },    { NULL, 0 },
};

static const struct args_choice route_scopes[] = {
	{ "host", API_SCOPE_HOST },
	{ "kni_host", API_SCOPE_KNI_HOST },
	{ "link", API_SCOPE_LINK },
	{ "global", API_SCOPE_GLOBAL },
	{ "site", API_SCOPE_SITE },
	{ "0", API_SCOPE_GLOBAL },
	{ "1", API_SCOPE_SITE },
	{ "2", API_SCOPE_LINK },
	{ "3", API_SCOPE_HOST },
	{ "4", API_SCOPE_KNI_HOST },
	{ NULL, 0 },
};

int scope_take(struct args *args, bool kernel, uint32_t *scope)
{
	return args_choice(args, "scope", kernel ? route_scopes : scopes,
			   kernel ? "host, kni_host, link, global, site or 0 to 4"
				  : "global, site, link, host or 0 to 3",
			   scope);
}

const char *scope_text(unsigned int scope, char *buf, size_t size)
{
	for (const struct args_choice *choice = route_scopes; choice->word; choice++) {
		if (choice->value == scope)
			return choice->word;
	}
	snprintf(buf, size, "%u", scope);
	return buf;
}
