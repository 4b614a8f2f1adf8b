# SPDX-License-Identifier: BSD-3-Clause
#
# dpvs: builds bin/dpvs, bin/dpip, bin/ipvsadm and, for stock tools, bin/dpvs-run and
# bin/libdpvs-ipvs.so from src/, tools/ and include/.
# `make help` lists what there is.

BUILD    ?= release
SANITIZE ?=
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
V        ?=
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(patsubst $(OBJ)/%,%,$@) &&)
PREFIX   ?= /usr/local
DESTDIR  ?=
ARCH     := $(shell $(CC) -dumpmachine | cut -d- -f1)

comma := ,
empty :=
space := $(empty) $(empty)
FLAVOUR := $(if $(filter gcc,$(CC)),,$(notdir $(CC))-)$(BUILD)$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
OBJ     ?= obj/$(FLAVOUR)
# One spelling, whoever calls: the lists of headers name the objects as they were named then.
override OBJ := $(abspath $(OBJ))
BIN     ?= bin
VERSION := 0.1.0

ifeq ($(filter $(BUILD),debug release),)
$(error BUILD=$(BUILD): debug or release)
endif

PKGS_COMMON := jansson popt
PKGS_DAEMON := libdpdk libmnl libuv libsystemd numa $(PKGS_COMMON)

WARN   := -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# Single stores that the compiler joins to vectors, and vectors that it loads across single stores,
# wait for the cache: the processor forwards a store to loads within it only.
OPT    := $(if $(filter debug,$(BUILD)),-Og -DDPVS_DEBUG -fno-omit-frame-pointer,-O3 -fno-tree-slp-vectorize)
MARCH  := $(if $(filter x86_64,$(ARCH)),-march=x86-64-v2)
SAN    := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# libdpdk.pc asks for -march=corei7; ours comes behind it.
DPDK_CFLAGS := $(shell pkg-config --cflags $(PKGS_DAEMON) 2>/dev/null | sed 's/-I\(\S*\)/-isystem \1/g')
DPDK_LIBS   := $(shell pkg-config --libs $(PKGS_DAEMON) 2>/dev/null) -lrte_net_bond -lm
TOOL_CFLAGS := $(shell pkg-config --cflags $(PKGS_COMMON) 2>/dev/null)
TOOL_LIBS   := $(shell pkg-config --libs $(PKGS_COMMON) 2>/dev/null)

CFLAGS_ALL = -std=gnu11 -g $(OPT) $(WARN) $(SAN) -D_GNU_SOURCE -DDPVS_VERSION='"$(VERSION)"' $(CFLAGS)
CFLAGS_SRC = $(CFLAGS_ALL) -Iinclude -Isrc -Itools -isystem include/lean $(DPDK_CFLAGS) $(MARCH)
CFLAGS_TOOLS = $(CFLAGS_ALL) -Iinclude -Itools $(TOOL_CFLAGS) $(MARCH)

SRC      := $(sort $(shell find src -name '*.c'))
SRC_LIB  := $(filter-out src/main/main.c,$(SRC))
TOOL_LIB := $(sort $(wildcard tools/lib/*.c))
# The commands' parsers: shared by the programs and, for the startup block, the daemon.
CLI_LIB  := $(filter-out %/main.c,$(sort $(wildcard tools/dpip/*.c tools/ipvsadm/*.c)))

obj_of = $(patsubst %.c,$(OBJ)/%.o,$(1))

# Objects of sources that are gone: the checks read whatever lies there.
GONE := $(filter-out $(call obj_of,$(shell find src tools test -name '*.c')),$(shell find $(addprefix $(OBJ)/,src tools test) -name '*.o' 2>/dev/null))

.DEFAULT_GOAL := all
.PHONY: all objects help clean install check demo lint format test-programs
all: objects $(addprefix $(BIN)/,dpvs dpip ipvsadm libdpvs-ipvs.so dpvs-run dpip.8 dpip.bash) ## Build the programs

objects: $(call obj_of,$(SRC)) ## Build what checks of the daemon's objects read
	$(if $(GONE),@rm -f $(GONE) $(GONE:.o=.d))

$(OBJ)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_SRC) -MMD -MP -c -o $@ $<

$(OBJ)/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_TOOLS) -MMD -MP -c -o $@ $<

$(BIN)/dpvs: $(BIN)/.flavour $(call obj_of,$(SRC) $(TOOL_LIB) $(CLI_LIB))
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $(filter %.o %.a,$^) $(LDFLAGS) $(DPDK_LIBS)

$(BIN)/dpip: $(BIN)/.flavour $(call obj_of,tools/dpip/main.c $(TOOL_LIB) $(CLI_LIB))
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) $(TOOL_LIBS)

$(BIN)/ipvsadm: $(BIN)/.flavour $(call obj_of,tools/ipvsadm/main.c $(TOOL_LIB) $(CLI_LIB))
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) $(TOOL_LIBS)

# The tool's own tables, told as a manual page and as bash's completion.
$(BIN)/dpip.8: $(BIN)/dpip
	$(call say,DOC)$< help man >$@.new && mv $@.new $@

$(BIN)/dpip.bash: $(BIN)/dpip
	$(call say,DOC)$< help completion >$@.new && mv $@.new $@

# Goes into other programs: no sanitizer, and nothing but the C library.
PRELOAD_SRC := $(sort $(wildcard tools/preload/*.c))
$(BIN)/libdpvs-ipvs.so: $(BIN)/.flavour $(PRELOAD_SRC) $(wildcard tools/preload/*.h) include/api/frame.h include/api/types.h
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -std=gnu11 -g -O2 $(WARN) -D_GNU_SOURCE -U_FORTIFY_SOURCE -fPIC -shared \
		-fvisibility=hidden -Iinclude -Itools -o $@ $(PRELOAD_SRC) $(LDFLAGS) -ldl

$(BIN)/dpvs-run: tools/preload/dpvs-run
	@mkdir -p $(@D)
	$(call say,CP)install -m 755 $< $@

# Programs are linked anew when BUILD, SANITIZE or CC change.
$(BIN)/.flavour: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAVOUR) $(CC)' | cmp -s - $@ || echo '$(FLAVOUR) $(CC)' > $@
.PHONY: FORCE
FORCE:

include test/test.mk

install: all ## Install below $(DESTDIR)$(PREFIX)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,sbin share/dpvs lib/systemd/system share/man/man8 \
		share/bash-completion/completions)
	install -m 755 $(addprefix $(BIN)/,dpvs dpip ipvsadm dpvs-run) $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 $(BIN)/dpip.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 $(BIN)/dpip.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dpip
	install -m 644 $(BIN)/libdpvs-ipvs.so $(DESTDIR)$(PREFIX)/lib/
	install -m 644 conf/dpvs.conf.* $(DESTDIR)$(PREFIX)/share/dpvs/
	install -m 755 scripts/vrrp-notify $(DESTDIR)$(PREFIX)/share/dpvs/
	for f in bird frr keepalived; do sed 's,/usr/local,$(PREFIX),' conf/$$f.conf.sample \
		>$(DESTDIR)$(PREFIX)/share/dpvs/$$f.conf.sample || exit 1; done
	sed 's,/usr/local,$(PREFIX),; s,^ExecStart=,&$(PREFIX)/sbin/,' conf/dpvs.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/dpvs.service
	sed 's,/usr/local,$(PREFIX),' conf/keepalived-dpvs.conf \
		>$(DESTDIR)$(PREFIX)/share/dpvs/keepalived-dpvs.conf

demo: ## Show it: real clients and servers in network namespaces
	scripts/demo

check: ## Build and run every test
	scripts/check

lint: ## Texts, formatting, layers, sizes, rules; where it is built, circles, statics, lines
	scripts/lint

format: ## Format all C files
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean: ## Remove what was built
	rm -rf obj bin

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '%-13s %s\n' '' 'Variables, as make BUILD=debug:' \
		BUILD 'release (as it is) or debug' SANITIZE 'address,undefined or thread; none' \
		CC 'gcc or clang' OBJ 'where objects go: obj/…' BIN 'where programs go: bin' \
		PREFIX 'where install puts them: /usr/local' DESTDIR 'what stands before it; empty' \
		V '1 shows the commands'

-include $(shell test -d $(OBJ) && find $(OBJ) -name '*.d')
