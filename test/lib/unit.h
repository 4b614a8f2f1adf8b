/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/unit: what every cmocka test includes, in the order cmocka wants it. */
#ifndef TEST_LIB_UNIT_H
#define TEST_LIB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
