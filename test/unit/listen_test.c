/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket as a file: it appears for its owner only and when it serves, takes
 * the place of a stale one and of nothing else, and goes with its daemon.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/control_rig.h"
#include "lib/unit.h"

static void assert_rig_serves(const struct rig *rig)
{
	struct api_hello hello = { .pid = 0 };
	struct client *client;
	char error[256];

	assert_int_equal(client_connect(&client, rig->path, error, sizeof(error)), 0);
	assert_int_equal(client_request(client, API_HELLO, &hello, sizeof(hello), NULL), 0);
	client_close(client);
}

static int listen_at(const char *path)
{
	struct rig *rig = rig_create(NULL);
	int r = control_listen(rig->control, path);

	rig_destroy(rig);
	return r;
}

static void socket_is_its_owners(void **state)
{
	struct rig *rig = rig_running(NULL);
	struct stat st;

	assert_int_equal(stat(rig->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(listen_at(rig->path), -EADDRINUSE);
	assert_rig_serves(rig);
	rig_destroy(rig); /* which asserts that the file is gone */
}

static void stale_socket_is_replaced(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rig *rig = rig_create(NULL);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, rig->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	rig_start(rig);
	assert_rig_serves(rig);
	rig_destroy(rig);
}

static void other_files_are_left_alone(void **state)
{
	struct rig *rig = rig_create(NULL);
	struct stat before, after;
	int fd = open(rig->path, O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat(rig->path, &before), 0);
	assert_int_equal(control_listen(rig->control, rig->path), -ENOTSOCK);
	assert_int_equal(stat(rig->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(unlink(rig->path), 0);
	rig_destroy(rig);
}

static void impossible_paths_are_refused(void **state)
{
	char path[256] = "/tmp/";

	memset(path + 5, 'x', 103);
	assert_int_equal(listen_at(path), -ENAMETOOLONG);
	assert_int_equal(listen_at(""), -EINVAL);
	assert_int_equal(listen_at("/nonexistent/dpvs.ipc"), -ENOENT);
}

/* Longest path that can be: no room for a temporary name. */
static void longest_path_serves(void **state)
{
	struct rig *rig = rig_create(NULL);
	char path[108];

	memset(path, 'x', sizeof(path));
	memcpy(path, rig->dir, strlen(rig->dir));
	path[strlen(rig->dir)] = '/';
	path[107] = '\0';
	assert_int_equal(control_listen(rig->control, path), 0);
	assert_int_equal(access(path, F_OK), 0);
	rig_destroy(rig);
}

static void foreign_socket_is_not_removed(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rig *rig = rig_running(NULL);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[64];

	strcpy(path, rig->path);
	strcpy(addr.sun_path, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	rig_stop(rig);
	control_destroy(rig->control);
	rig->control = NULL;
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	close(fd);
	rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socket_is_its_owners),
		cmocka_unit_test(stale_socket_is_replaced),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(impossible_paths_are_refused),
		cmocka_unit_test(longest_path_serves),
		cmocka_unit_test(foreign_socket_is_not_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
