/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip: the program. All of it is in dpip.c, the objects' files and lib/. */
#include "dpip/dpip.h"
#include "lib/runner.h"

int main(int argc, char **argv)
{
	return runner_main(&dpip_program, argc, argv);
}
