/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip vlan without a daemon: command lines to requests, or to the sentence that refuses them. */
#include <stdlib.h>
#include <string.h>

#include "dpip/dpip.h"
#include "lib/tool_rig.h"
#include "lib/unit.h"

static void test_vlan(void **state)
{
	static const struct tool_row rows[] = {
		{ "vlan", "VLAN_LIST" },
		{ "v s d0.7", "VLAN_LIST d0.7" },
		{ "vlan show link d0 proto QinQ id 3", "VLAN_LIST link d0 proto 88a8 id 3" },
		{ "vlan add link d0 id 7", "VLAN_ADD link d0 id 7" },
		{ "vlan add v7 link d0 proto 802.1q id 7", "VLAN_ADD v7 link d0 proto 8100 id 7" },
		{ "vlan add link d0 proto 802.1ad id 4094", "VLAN_ADD link d0 proto 88a8 id 4094" },
		{ "vlan add v7 link d0 proto vlan id 1", "VLAN_ADD v7 link d0 proto 8100 id 1" },
		{ "vlan del v7", "VLAN_DEL v7" },
		{ "vlan delete link d0 id 7", "VLAN_DEL link d0 id 7" },
		{ "vlan add", "EXIT 2: vlan add: \"link\" and a device name are expected" },
		{ "vlan add link d0",
		  "EXIT 2: vlan add: \"id\" and a number from 1 to 4094 are expected" },
		{ "vlan add link d0 id 4095",
		  "EXIT 2: vlan add: id \"4095\": a number from 1 to 4094 is expected" },
		{ "vlan add link d0 id 7 proto 802.3",
		  "EXIT 2: vlan add: proto \"802.3\": 802.1q, 802.1ad, vlan or QinQ is expected" },
		{ "vlan add v7 frob", "EXIT 2: vlan add: \"frob\": link, proto or id is expected" },
		{ "vlan del", "EXIT 2: vlan del: a name, or \"link\" with a device name and \"id\" "
			      "with a number, are expected" },
	};

	tool_check_rows(&dpip_program, rows, LENGTH(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
