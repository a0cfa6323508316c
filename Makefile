# SPDX-License-Identifier: GPL-2.0-or-later
# Relaywarden: every target is here, nothing is recursive; `make help` lists them.

VERSION := 0.1.0

# Commands are shown with `make V=1`.
Q := $(if $(V),,@)

# --- what to build with ------------------------------------------------------

CC ?= gcc
BUILD ?= build
PREFIX ?= /usr
WERROR ?= -Werror
SANITIZE ?=
PKGS := libmnl libnftnl libnetfilter_queue libnetfilter_conntrack libcap-ng \
	libseccomp libsystemd jansson inih

CPPFLAGS += -D_GNU_SOURCE -Iagent -DRELAYWARDEN_VERSION='"$(VERSION)"'
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
PROGRAMS := $(BUILD)/relaywardend $(BUILD)/agentctl

SOURCES := $(wildcard agent/*.c agent/*/*.c ui-cli/*.c tests/unit/*/*.c tests/netns/*.c tests/fuzz/*.c \
	tests/bench/*.c)
HEADERS := $(wildcard agent/*.h agent/*/*.h ui-cli/*.h tests/unit/*/*.h tests/fuzz/*.h)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

##@ Build

all: $(PROGRAMS) ## build the daemon and agentctl

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

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

# The CLI shares the protocol and the policy parser with the daemon, never kernel/.
$(BUILD)/agentctl: $(call objects,ui-cli/*.c) $(LIBS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(call objects,ui-cli/*.c) $(BUILD)/libctl.a \
		$(BUILD)/libcore.a $(BUILD)/libbase.a $(shell pkg-config --libs jansson inih) -lm

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
libs_base :=
libs_core := inih
libs_kernel := libmnl libnftnl libnetfilter_conntrack libcap-ng libseccomp inih
libs_ctl := libsystemd jansson inih
libs_store := inih

.SECONDEXPANSION:
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtest.a $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libtest.a \
		$(foreach l,$(link_$(firstword $(subst /, ,$*))),$(BUILD)/lib$(l).a) \
		$(shell pkg-config --libs cmocka $(libs_$(firstword $(subst /, ,$*)))) -lm

check-unit: $(UNIT) ## unit tests, no root needed
	@set -e; for t in $(UNIT); do echo "# $$t"; $$t; done

help: ## list the targets
	@awk -F':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean: ## remove what was built
	rm -rf $(BUILD) build-asan build-fuzz compile_commands.json

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
.PHONY: all check-unit help clean
