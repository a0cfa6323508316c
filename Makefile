# SPDX-License-Identifier: GPL-2.0-or-later
# Relaywarden: every target is here, nothing is recursive; `make help` lists them.

VERSION := 0.1.0

# Commands are shown with `make V=1`.
Q := $(if $(V),,@)

# --- what to build with ------------------------------------------------------

CC ?= gcc
BUILD ?= build
FUZZ_BUILD ?= build-fuzz
PREFIX ?= /usr
WERROR ?= -Werror
SANITIZE ?=
PKGS := libmnl libnftnl libnetfilter_queue libnetfilter_conntrack libcap-ng \
	libseccomp libsystemd jansson inih sqlite3

CPPFLAGS += -D_GNU_SOURCE -Iagent -I. -DRELAYWARDEN_VERSION='"$(VERSION)"'
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -Wvla -Wcast-qual -Wwrite-strings $(WERROR) \
	-fstack-protector-strong -fno-common
ifneq ($(SANITIZE),)
CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SANITIZE)
CPPFLAGS += -DRELAYWARDEN_SANITIZED=1
endif

PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

LAYERS := base core kernel ctl store
LIBS := $(LAYERS:%=$(BUILD)/lib%.a)
# Link order follows the allowed includes: what is used comes after its user.
LINK := $(BUILD)/libctl.a $(BUILD)/libstore.a $(BUILD)/libkernel.a $(BUILD)/libcore.a \
	$(BUILD)/libbase.a
PROGRAMS := $(BUILD)/relaywardend $(BUILD)/agentctl $(BUILD)/relaywarden-notify \
	$(BUILD)/relaywarden-bus $(BUILD)/relaywarden-fetch $(BUILD)/relaywarden-bundle

SOURCES := $(wildcard agent/*.c agent/*/*.c agent/*/*/*.c ui-cli/*.c ui-cli/*/*.c \
	tests/unit/*/*.c tests/netns/*.c tests/fuzz/*.c tests/bench/*.c tests/lab/*.c)
HEADERS := $(wildcard agent/*.h agent/*/*.h agent/*/*/*.h ui-cli/*.h ui-cli/*/*.h \
	tests/unit/*/*.h tests/fuzz/*.h tests/lab/*.h)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

##@ Build

all: $(PROGRAMS) ## build the daemon, agentctl and what speaks D-Bus

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# It embeds the interface description.
$(BUILD)/obj/agent/ctl/interface.o $(FUZZ_BUILD)/obj/agent/ctl/interface.o: \
	agent/ctl/org.relaywarden.Agent.varlink

define layer
$(BUILD)/lib$(1).a: $(call objects,agent/$(1)/*.c)
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)$(AR) rcsD $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

$(BUILD)/relaywardend: $(call objects,agent/*.c) $(LIBS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(call objects,agent/*.c) $(LINK) $(PKG_LIBS) -lm

# The CLI shares the protocol and the policy parser with the daemon, never kernel/. All
# of it but main is a library, which its unit tests link.
UI_PKGS := jansson inih ncursesw libarchive
UI_MAIN := $(BUILD)/obj/ui-cli/main.o

$(BUILD)/libui.a: $(filter-out $(UI_MAIN),$(call objects,ui-cli/*.c ui-cli/report/*.c))
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(BUILD)/agentctl: $(UI_MAIN) $(BUILD)/libui.a $(LIBS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(UI_MAIN) $(BUILD)/libui.a $(BUILD)/libctl.a \
		$(BUILD)/libcore.a $(BUILD)/libbase.a $(shell pkg-config --libs $(UI_PKGS)) -lpcap -lm

# They ask the agent, and say what it says, with agentctl's own code.
DESKTOP_PROGRAMS := notify bus
$(BUILD)/libdesktop.a: $(filter-out $(DESKTOP_PROGRAMS:%=$(BUILD)/obj/ui-cli/desktop/%.o), \
		$(call objects,ui-cli/desktop/*.c))
	$(Q)$(AR) rcsD $@ $^

$(DESKTOP_PROGRAMS:%=$(BUILD)/relaywarden-%): $(BUILD)/relaywarden-%: \
		$(BUILD)/obj/ui-cli/desktop/%.o $(BUILD)/libdesktop.a $(BUILD)/libui.a $(LIBS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libdesktop.a $(BUILD)/libui.a \
		$(BUILD)/libctl.a $(BUILD)/libcore.a $(BUILD)/libbase.a \
		$(shell pkg-config --libs libsystemd jansson inih) -lm

# Policy for many computers: one program fetches it, another signs and installs it.
FLEET_PKGS := libsodium libsystemd inih
$(BUILD)/obj/agent/fleet/%.o: CPPFLAGS += -Iagent/fleet

FLEET_PROGRAMS := fetch bundle
$(BUILD)/relaywarden-fetch: FLEET_PKGS += libcurl
$(FLEET_PROGRAMS:%=$(BUILD)/relaywarden-%): $(call objects,agent/fleet/*.c) $(LIBS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libstore.a \
		$(BUILD)/libcore.a $(BUILD)/libbase.a $(shell pkg-config --libs $(FLEET_PKGS)) -lm
$(BUILD)/relaywarden-fetch: $(call objects,agent/fleet/fetch/*.c)
$(BUILD)/relaywarden-bundle: $(call objects,agent/fleet/bundle/*.c)

##@ Test

UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/test_*.c))

# What several unit tests share.
$(BUILD)/libtest.a: $(call objects,tests/unit/support/*.c)
	$(Q)$(AR) rcsD $@ $^

# A unit test links its own layer and the layers that one may include, no more: a wrong
# dependency fails to link.
link_base := base
link_core := core base
link_kernel := kernel core base
link_ctl := ctl core base
link_store := store core base
link_desktop := desktop ui ctl core base
libs_base :=
libs_core := inih
libs_kernel := libmnl libnftnl libnetfilter_queue libnetfilter_conntrack libcap-ng libseccomp jansson inih
libs_ctl := libsystemd jansson inih
libs_store := inih sqlite3
libs_desktop := libsystemd jansson inih
link_ui := ui ctl core base
libs_ui := $(UI_PKGS)

$(BUILD)/obj/tests/unit/ui/%.o: CPPFLAGS += -Iui-cli

$(BUILD)/unit/core/test_cost: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=exp,--wrap=hash_keyed,--wrap=decay_carry

.SECONDEXPANSION:
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtest.a $(LIBS) \
		$(BUILD)/libdesktop.a $(BUILD)/libui.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libtest.a \
		$(foreach l,$(link_$(firstword $(subst /, ,$*))),$(BUILD)/lib$(l).a) \
		$(shell pkg-config --libs cmocka $(libs_$(firstword $(subst /, ,$*)))) -lm

# Programs that the namespace tests drive the kernel modules with.
HELPERS := $(patsubst tests/netns/%.c,$(BUILD)/netns/%,$(wildcard tests/netns/helper_*.c))

$(BUILD)/netns/%: $(BUILD)/obj/tests/netns/%.o $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LINK) $(PKG_LIBS) -lm

# Programs that load the kernel and the daemon for the benchmark and
# for the namespace tests.
LOADS := $(BUILD)/bench/flows

$(BUILD)/bench/flows: $(BUILD)/obj/tests/bench/flows.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

# What the engine costs without a kernel; its allocations are counted, as in the test.
WRAP_ALLOCATIONS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(BUILD)/bench/engine: $(BUILD)/obj/tests/bench/engine.o $(BUILD)/libtest.a $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(WRAP_ALLOCATIONS) -o $@ $< $(BUILD)/libtest.a \
		$(BUILD)/libcore.a $(BUILD)/libbase.a $(shell pkg-config --libs inih) -lm

# Relays and partners of the accuracy lab's hard cases.
LAB_PROGRAMS := $(BUILD)/lab/relay $(BUILD)/lab/circuits $(BUILD)/lab/partner

$(BUILD)/lab/%: $(BUILD)/obj/tests/lab/%.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

# Fuzz targets see every byte parser, built by clang with its own objects.
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 10
FUZZ_CFLAGS := -O1 -g -std=gnu11 -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_LAYERS := $(wildcard agent/base/*.c agent/core/*.c agent/ctl/*.c agent/kernel/*.c agent/store/*.c)
FUZZ_OBJECTS := $(FUZZ_LAYERS:%.c=$(FUZZ_BUILD)/obj/%.o)
FUZZERS := $(patsubst tests/fuzz/%.c,$(FUZZ_BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

$(FUZZ_BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZ_CFLAGS) \
		-fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(FUZZ_BUILD)/fuzz_%: $(FUZZ_BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_OBJECTS)
	$(if $(V),,@echo "  FUZZ  $@")
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ \
		$(PKG_LIBS) -lm

check: deps-test ## install what the tests need and run them all (root)
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@$(MAKE) --no-print-directory lint check-unit check-replay check-manual check-asan check-fuzz
	@$(MAKE) --no-print-directory check-netns
	@$(MAKE) --no-print-directory check-asan-netns

# Nothing else may be built at the same time as the tests run.
check-build: all $(UNIT) $(HELPERS) $(LOADS) $(LAB_PROGRAMS)

check-replay: $(BUILD)/agentctl ## kept recordings and captures, no root needed
	BUILD=$(BUILD) prove tests/replay/*.t

check-manual: $(BUILD)/agentctl ## every command, option and column is in the manual, no root needed
	BUILD=$(BUILD) prove tests/manual/*.t

# What is built, and run, side by side. Namespace tests wait most of their time.
JOBS ?= 2
NETNS_JOBS ?= 3

check-unit: $(UNIT) ## unit tests, no root needed
	prove -Q -j$(JOBS) --exec tests/unit/tap.sh $(UNIT)

ASAN := SANITIZE=address,undefined BUILD=build-asan

check-asan: ## unit tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory -j$(JOBS) $(ASAN) \
		check-unit-build
	@$(MAKE) --no-print-directory $(ASAN) check-unit

check-unit-build: $(UNIT)

# What measures how quick the agent is, or fills the machine, has it for itself.
ALONE := callers full_table shape short_connections

# Those that put the agent under the most varied input, and end it in an orderly way.
ASAN_NETNS := bad_luck agentctl promotion

check-asan-netns: ## namespace tests with the sanitized agent (root)
	@if [ "$$(id -u)" -ne 0 ]; then \
		echo "check-asan-netns: needs root for its namespaces: sudo make check"; exit 1; fi
	@$(MAKE) --no-print-directory -j$(JOBS) $(ASAN) all
	BUILD=build-asan tests/prove.sh $(NETNS_JOBS) $(ASAN_NETNS:%=tests/netns/%.t)

check-fuzz: ## every fuzz target for FUZZ_SECONDS (10)
	@$(MAKE) --no-print-directory -j$(JOBS) check-fuzz-build
	@printf '%s\n' $(FUZZERS) | xargs -P$(JOBS) -n1 tests/fuzz/run.sh $(FUZZ_SECONDS)

check-fuzz-build: $(FUZZERS)

fuzz: ## fuzz for a minute a target
	@$(MAKE) --no-print-directory FUZZ_SECONDS=60 check-fuzz

check-netns: check-build ## what needs the kernel, in private namespaces (root)
	@if [ "$$(id -u)" -ne 0 ]; then \
		echo "check-netns: needs root for its namespaces: sudo make check"; exit 1; fi
	BUILD=$(BUILD) tests/prove.sh 1 $(ALONE:%=tests/netns/%.t)
	BUILD=$(BUILD) tests/prove.sh $(NETNS_JOBS) \
		$(filter-out $(ALONE:%=tests/netns/%.t),$(wildcard tests/netns/*.t))

# Emulated, so ten to thirty times slower than here: not a part of check.
KERNEL ?= 6.1
check-machine: ## namespace tests on KERNEL=6.1 (5.10, 6.12), emulated; TESTS="nft forbid" for some
	@[ "$$(id -u)" -ne 0 ] || packaging/deps.sh machine || true
	@$(MAKE) --no-print-directory check-build
	@BUILD=$(BUILD) tests/machine/check.sh $(KERNEL) $(TESTS)

# What is beside the agent: bundles from a web server, metrics to Prometheus, Ansible.
FLEET_SLOW := ansible
FLEET_TESTS = $(filter-out $(if $(SLOW),,$(FLEET_SLOW:%=tests/fleet/%.t)),$(wildcard tests/fleet/*.t))
check-fleet: all ## policy bundles, metrics; SLOW=1 with a booted container (root)
	@packaging/deps.sh fleet
	$(if $(SLOW),@packaging/deps.sh package && $(MAKE) --no-print-directory deb)
	BUILD=$(BUILD) tests/prove.sh 1 $(FLEET_TESTS)

bench: $(BUILD)/relaywardend $(LOADS) ## measure, in paired runs, what the README quotes (root)
	@BUILD=$(BUILD) tests/bench/bench.sh $(if $(JSON),--json $(JSON))

bench-scale: $(BUILD)/relaywardend $(LOADS) ## measure unmanaged traffic beside many applications and flows (root)
	@BUILD=$(BUILD) tests/bench/bench.sh --scale $(if $(JSON),--json $(JSON))

bench-enforce: all ## measure how well the link is taken back; PARTS="rates neighbour" (root)
	@BUILD=$(BUILD) tests/bench/enforce.sh $(if $(JSON),--json $(JSON)) $(PARTS)

bench-engine: $(BUILD)/bench/engine ## what the engine alone costs as flows grow, no root needed
	@$(BUILD)/bench/engine

lab: ## how right the verdicts are, on real programs; QUICK=1 for a few minutes (root)
	@packaging/deps.sh lab
	@packaging/deps.sh build
	@$(MAKE) --no-print-directory all $(LAB_PROGRAMS)
	@BUILD=$(BUILD) QUICK=$(QUICK) SLOW=$(SLOW) RECORD=$(RECORD) NARROW=$(NARROW) CATALOGUE=$(CATALOGUE) \
		tests/lab/lab.sh $(if $(JSON),--json $(JSON)) $(SUBJECTS)

# What the tests replay: subjects for tuning, of each kind, on a narrow link, cut short.
RECORDED ?= n2n nebula coturn-steady microsocks hard-reencode hard-multiplex-udp \
	bt-midswarm bt-seed meshcall videocall nginx web iperf-both-ways syncthing-hub
lab-recordings: ## record subjects anew and keep them in tests/recordings (root)
	@$(MAKE) --no-print-directory lab RECORD=1 NARROW=2mbit \
		SUBJECTS="$(RECORDED)"
	@BUILD=$(BUILD) WRITE=1 tests/lab/keep.sh $(RECORDED)

lab-fit: ## what weights the recordings of the lab would give the evidence
	@BUILD=$(BUILD) tests/lab/fit.pl $(LAMBDA)

##@ House

lint: check-includes check-format ## allowed includes, headers alone, formatting

check-includes: ## each layer includes only what it may; headers compile alone
	@CC="$(CC)" CPPFLAGS="$(CPPFLAGS) $(PKG_CFLAGS)" tests/check-includes.sh

# Versions format differently: the house's is 14.
CLANG_FORMAT ?= $(shell command -v clang-format-14 || command -v clang-format)
check-format: ## .clang-format is respected
	@case "$$($(CLANG_FORMAT) --version 2>/dev/null)" in \
	*"version 14."*) $(CLANG_FORMAT) --dry-run -Werror $(SOURCES) $(HEADERS) ;; \
	*) echo "check-format: skipped, needs clang-format 14" ;; esac

format: ## format the C files in place
	$(CLANG_FORMAT) -i $(SOURCES) $(HEADERS)

# Every file is compiled alike, so the database needs no tool.
compile_commands.json: Makefile $(SOURCES) ## for editors and clang tools
	@{ echo '['; sep=; for f in $(SOURCES); do \
		printf '%s{"directory": "%s", "file": "%s", "command": "%s"}' "$$sep" \
		'$(CURDIR)' "$$f" '$(subst ",\",$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS)) -c '"$$f"; \
		sep=','; done; echo ']'; } >$@

##@ Try

demo: ## a client is promoted, found, shown and shaped, in two minutes (root)
	@packaging/deps.sh demo
	@packaging/deps.sh build
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/demo/demo.sh

# A user number of no account, and policy that only reports: nothing is installed.
RUN_USER ?= 61730:61730
run: ## watch this machine in monitor mode, until Ctrl-C (root)
	@packaging/deps.sh build
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) RUN_USER=$(RUN_USER) packaging/run.sh

deps: ## install what building needs (root)
	@packaging/deps.sh build

deps-package:
	@packaging/deps.sh package

deps-test:
	@packaging/deps.sh build
	@packaging/deps.sh test

DESTDIR ?=
UNIT_DIR ?= $(PREFIX)/lib/systemd/system
USER_UNIT_DIR ?= $(PREFIX)/lib/systemd/user

install: all ## install below DESTDIR and PREFIX
	install -D -m 755 $(BUILD)/relaywardend $(DESTDIR)$(PREFIX)/sbin/relaywardend
	install -D -m 755 $(BUILD)/agentctl $(DESTDIR)$(PREFIX)/bin/agentctl
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/relaywarden-notify \
		$(BUILD)/relaywarden-bus
	install -d $(DESTDIR)/etc/relaywarden/policy.d
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/relaywarden/clients rules/clients/*.ini
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/relaywarden/policy.d \
		rules/policy.d/*.ini
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/relaywarden/examples \
		rules/examples/*.ini
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 packaging/man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 packaging/man/*.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man7 packaging/man/*.7
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 packaging/man/*.8
	install -D -m 644 packaging/journal/relaywarden.catalog \
		$(DESTDIR)$(PREFIX)/lib/systemd/catalog/relaywarden.catalog
	install -D -m 644 packaging/completion/agentctl.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/agentctl
	install -D -m 644 packaging/completion/_agentctl \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_agentctl
	install -D -m 644 packaging/completion/agentctl.fish \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/agentctl.fish
	install -D -m 644 -t $(DESTDIR)$(UNIT_DIR) packaging/systemd/*.service
	install -D -m 644 -t $(DESTDIR)$(USER_UNIT_DIR) packaging/systemd/user/*.service
	sed -i 's|=/usr/\(s\?bin\)/|=$(PREFIX)/\1/|' $(DESTDIR)$(UNIT_DIR)/relaywarden*.service \
		$(DESTDIR)$(USER_UNIT_DIR)/relaywarden*.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/dbus-1/system.d packaging/dbus/*.conf
	install -D -m 644 packaging/systemd/relaywarden.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/relaywarden.conf
	install -D -m 644 packaging/systemd/relaywarden.tmpfiles \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/relaywarden.conf

# What an admin of many computers wants: the package relaywarden-fleet.
install-fleet: all ## the same for what a fleet needs beside the agent
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/relaywarden-fetch \
		$(BUILD)/relaywarden-bundle
	install -d $(DESTDIR)/etc/relaywarden/keys.d
	install -D -m 644 -t $(DESTDIR)$(UNIT_DIR) packaging/fleet/systemd/*.service \
		packaging/fleet/systemd/*.timer packaging/fleet/systemd/*.path
	install -D -m 644 packaging/fleet/systemd/relaywarden-fleet.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/relaywarden-fleet.conf
	install -D -m 644 packaging/fleet/systemd/relaywarden-fleet.tmpfiles \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/relaywarden-fleet.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 packaging/fleet/man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 packaging/fleet/man/*.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 packaging/fleet/man/*.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/relaywarden/prometheus \
		packaging/fleet/prometheus/relaywarden.rules.yml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/relaywarden/grafana \
		packaging/fleet/grafana/relaywarden.json
	install -d $(DESTDIR)$(PREFIX)/share/relaywarden/ansible
	cp -r packaging/fleet/ansible/. $(DESTDIR)$(PREFIX)/share/relaywarden/ansible
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/relaywarden-fleet docs/fleet.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/relaywarden-fleet/examples \
		rules/examples/office-100mbit.ini packaging/fleet/fleet.conf

deb: ## Debian packages, into $(BUILD)/deb; CHECK=1 runs the unit tests on the way
	@BUILD=$(BUILD) CHECK=$(CHECK) packaging/build.sh deb

rpm: ## packages for Fedora, into $(BUILD)/rpm
	@BUILD=$(BUILD) CHECK=$(CHECK) packaging/build.sh rpm

# Both packages are built at once: most of a build is the compiler.
PACKAGE_TESTS = deb files rpm $(if $(SLOW),failure)
check-package: deps-package ## packages built, linted, installed and booted; SLOW=1 for more (root)
	@if [ "$$(id -u)" -ne 0 ]; then \
		echo "check-package: needs root for its containers: sudo make check-package"; exit 1; fi
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory -j2 deb rpm
	BUILD=$(BUILD) tests/prove.sh $(JOBS) $(PACKAGE_TESTS:%=tests/package/%.t)
ifneq ($(SLOW),)
	BUILD=$(BUILD) SUITE=trixie prove --timer -j$(JOBS) tests/package/deb.t tests/package/failure.t
	BUILD=$(BUILD) tests/package/reproducible.sh
endif

# What takes too long for every change; see tests/package/README.md.
nightly: ## what CI leaves out: packages on Debian 12 and 13, reproducible; a role by Ansible (root)
	@$(MAKE) --no-print-directory SLOW=1 check-package
	@$(MAKE) --no-print-directory SLOW=1 check-fleet

help: ## list the targets
	@awk -F':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z_.-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' Makefile

clean: ## remove what was built
	rm -rf $(BUILD) build-asan $(FUZZ_BUILD) compile_commands.json

-include $(shell find $(BUILD)/obj $(FUZZ_BUILD)/obj -name '*.d' 2>/dev/null)
.PRECIOUS: $(BUILD)/obj/%.o $(FUZZ_BUILD)/obj/%.o
.PHONY: all check check-build check-unit-build check-fuzz-build check-replay check-unit check-asan check-asan-netns check-fuzz \
	check-netns check-machine check-fleet fuzz bench bench-scale bench-enforce bench-engine lab lab-recordings lab-fit lint check-includes check-format \
	format demo run deps \
	deps-test install install-fleet deb rpm \
	check-package deps-package nightly help clean
