# SPDX-License-Identifier: BSD-3-Clause
#
# Test programs. A unit test is one file, test/unit/NAME_test.c, linked with
# the daemon's objects (all but main.c), the test library and cmocka; a packet
# test, test/packet/NAME_test.c, likewise with the packet harness.

TEST_LIB    := $(sort $(wildcard test/lib/*.c))
UNIT_TESTS  := $(sort $(wildcard test/unit/*_test.c))
PACKET_TESTS := $(sort $(wildcard test/packet/*_test.c))
PACKET_LIB  := $(filter-out %_test.c,$(sort $(wildcard test/packet/*.c)))
TEST_BINS   := $(patsubst test/%.c,$(BIN)/test/%,$(UNIT_TESTS) $(PACKET_TESTS))
TEST_CFLAGS := $(shell pkg-config --cflags cmocka 2>/dev/null)
TEST_LIBS   := $(shell pkg-config --libs cmocka 2>/dev/null)
# A hundred programs with all of the daemon in them: linked fast, and with what a debugger wants if BUILD=debug.
TEST_STRIP  := -Wl,--strip-debug
TEST_LINK   := $(if $(shell command -v ld.gold),-fuse-ld=gold) $(if $(filter release,$(BUILD)),$(TEST_STRIP))

$(OBJ)/test/%.o: test/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_SRC) -Itest $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/libdpvs.a: $(call obj_of,$(SRC_LIB) $(TOOL_LIB) $(CLI_LIB))
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(BIN)/test/unit/%: $(BIN)/.flavour $(OBJ)/test/unit/%.o $(call obj_of,$(TEST_LIB)) $(OBJ)/libdpvs.a
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(TEST_LINK) $(LDFLAGS) $(DPDK_LIBS) $(TEST_LIBS)

$(BIN)/test/packet/%: $(BIN)/.flavour $(OBJ)/test/packet/%.o $(call obj_of,$(TEST_LIB) $(PACKET_LIB)) $(OBJ)/libdpvs.a
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(TEST_LINK) $(LDFLAGS) $(DPDK_LIBS) $(TEST_LIBS)

# The fuzzers are compiled along, so that they stay what can be built.
FUZZERS := $(sort $(wildcard test/fuzz/*_fuzz.c))

test-programs: $(TEST_BINS) $(patsubst %.c,$(OBJ)/%.o,$(FUZZERS)) ## Build the unit and packet tests

# Programs of the system and cli tests, libc only: both ends of traffic, and a router's routes.
SYSTEM_PROGRAMS := $(patsubst test/%.c,$(BIN)/test/%,$(sort $(wildcard test/system/*.c)))

.PHONY: system-programs
system-programs: $(SYSTEM_PROGRAMS) ## Build the programs that system tests use

$(BIN)/test/system/%: test/system/%.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -Itest -o $@ $(filter %.c,$^)

$(BIN)/test/system/feed: test/lib/feed.c
$(BIN)/test/system/traffic: test/lib/stalls.c test/lib/stalls.h
$(BIN)/test/system/decap $(BIN)/test/system/tunnel_end: test/lib/tun.c test/lib/tun.h

# Fuzzers: test/fuzz/NAME_fuzz.c, each one entry point for libFuzzer, which is clang's. `make fuzz
# FUZZ_SECONDS=30` builds all for coverage and runs each as long; what scripts/check runs, a number of times
# from a seed, has its parser built so, and else the objects of the tests under sanitizers.
FUZZ_SECONDS ?= 10
FUZZ_BINS := $(patsubst test/fuzz/%.c,$(BIN)/%,$(FUZZERS))

.PHONY: fuzz fuzz-run fuzz-programs
fuzz: ## Build the fuzzers with clang and run each for FUZZ_SECONDS
	$(MAKE) CC=clang OBJ=obj/fuzz BIN=bin/fuzz BUILD=debug CFLAGS="-fsanitize=fuzzer-no-link,address,undefined" fuzz-run

fuzz-run: $(FUZZ_BINS)
	@for f in $^ FLOW=check\ $(BIN)/packet_fuzz; do \
		echo "== $$f"; \
		env ASAN_OPTIONS=detect_leaks=0 $$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 || exit 1; \
	done

fuzz-programs: $(FUZZ_BINS)
.PRECIOUS: $(OBJ)/fuzz/%.o

fuzz_obj = $(patsubst %.c,$(OBJ)/fuzz/%.o,$(1))
$(OBJ)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_SRC) -Itest $(TEST_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(BIN)/conf_fuzz: $(call fuzz_obj,src/control/conf.c $(sort $(wildcard src/main/settings*.c)))
$(BIN)/frame_fuzz: $(call fuzz_obj,src/control/frame.c)
$(BIN)/genl_fuzz: $(call fuzz_obj,src/ipvs/genl.c src/ipvs/genl_ctl.c src/control/netlink_out.c)

$(BIN)/%_fuzz: $(OBJ)/fuzz/test/fuzz/%_fuzz.o $(call obj_of,$(TEST_LIB) $(PACKET_LIB)) $(OBJ)/libdpvs.a
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDFLAGS) $(DPDK_LIBS) $(TEST_LIBS)

# The bench: one program, see the head of test/perf/bench.c.
FULL ?=
BENCH := $(BIN)/test/perf/bench
$(OBJ)/test/perf/%.o: CFLAGS_SRC += -DBENCH_FLAVOUR='"$(FLAVOUR)"'

$(BENCH): $(BIN)/.flavour $(call obj_of,$(sort $(wildcard test/perf/*.c)) test/lib/feed.c) $(OBJ)/libdpvs.a
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) $(DPDK_LIBS)

.PHONY: bench bench-count
bench: $(BENCH) ## Measure cycles a packet and a connection; FULL=1 for longer
	$(BENCH) $(if $(FULL),--full) --json $(BIN)/bench.json
	test/perf/plot $(BIN)/bench.json > $(BIN)/bench.svg

bench-count: $(BENCH) ## Instructions a packet (callgrind), against test/perf/counts.txt
	test/perf/count $(BENCH)
