/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: the program. All of it is in this folder's other files and lib/. */
#include "ipvsadm/ipvsadm.h"
#include "lib/runner.h"

int main(int argc, char **argv)
{
	return runner_main(&ipvsadm_program, argc, argv);
}
