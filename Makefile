# SPDX-License-Identifier: GPL-2.0-or-later
#
# The one Makefile of the tree.  Each folder lists its objects, programs and
# tests in its rules.mk; how a kind of thing is built stands here, once.
#
#   make                 everything, into $(O)
#   make deps            install what is needed to build and test (Debian)
#   make demo            the main job on real input, in the lab
#   make check           every test
#   make check-unit      the unit tests alone: seconds, no root
#   make lab             a shell in a virtual KVM host with a guest running
#   make fuzz            longer fuzzing, T= seconds a target
#   make bench           speed, side by side with the peers
#   make modules         the kernel modules, for the kernel of KDIR=
#   make install         DESTDIR=, PREFIX=, COMPAT=1 (also the names cpu and run);
#                        uninstall takes the same
#
# Variables: O=dir  V=1  SAN=address,undefined  COVERAGE=1  DEBUG=1  WERROR=0
#            CC=clang

O       ?= build
PREFIX  ?= /usr/local
CC      ?= gcc
PKG_CONFIG ?= pkg-config
VERSION := 0.1

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -Wall -Wextra $(if $(filter 0,$(WERROR)),,-Werror) -Wshadow \
	-Wmissing-prototypes -Wdeclaration-after-statement -fPIC -fno-semantic-interposition \
	-D_GNU_SOURCE -DKVMRT_VERSION='"$(VERSION)"' -iquote . -iquote $(O) \
	$(CFLAGS)
ALL_LDFLAGS := $(LDFLAGS)
ifneq ($(SAN),)
ALL_CFLAGS  += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -DKVMRT_SAN
ALL_LDFLAGS += -fsanitize=$(SAN)
endif
ifneq ($(COVERAGE),)
ALL_CFLAGS  += --coverage
ALL_LDFLAGS += --coverage
endif
ifneq ($(DEBUG),)
ALL_CFLAGS  += -O0 -DDEBUG
endif

# What a rules.mk adds to:
#   ARCHIVES    static libraries for the tree's own use; NAME-objs
#   PROGRAMS    NAME-objs, NAME-libs (archives, in link order), NAME-ldlibs
#   SHARED      shared libraries; NAME-objs, NAME-libs, NAME-ldlibs, NAME-soname, NAME-map
#   UNIT_TESTS  cmocka programs; as PROGRAMS
#   TOOLS       programs that only tests and measurements use; as PROGRAMS
#   FUZZERS     libFuzzer programs, tests/fuzz/fuzz-NAME; as PROGRAMS
#   CMD_TESTS   whole-command test scripts
#   LINTS       scripts that check the tree
#   BENCHES     scripts that measure
#   CFLAGS-path/to/file.o   flags of one object
#   PKGS        libraries that must be there, by their pkg-config names
#   DEPS        Debian packages that building and testing need
# and what goes out besides programs, shared libraries and man pages:
#   HEADERS PCFILES UNITS UDEV_RULES SYSUSERS MODPROBE   files of the tree (PCFILES: NAME.pc.in)
#   DKMS_NAME DKMS_FILES                 kernel modules as source: FILE:PLACE
#   EXAMPLES                            files of the tree
#   API_HEADERS API_ARCHIVES            headers for <NAME.h>, static libraries
#   LINKS                               PLACE:TARGET, below the prefix
ARCHIVES   :=
PROGRAMS   :=
SHARED     :=
UNIT_TESTS :=
TOOLS      :=
FUZZERS    :=
CMD_TESTS  :=
LINTS      :=
BENCHES    :=
PKGS       :=
HEADERS    :=
API_HEADERS :=
API_ARCHIVES :=
LINKS      :=
PCFILES    :=
UNITS      :=
UDEV_RULES :=
SYSUSERS   :=
MODPROBE   :=
DKMS_FILES :=
EXAMPLES   :=
DEPS       := gcc make pkg-config git

all:

# tests comes last: its targets depend on what the others list.
FOLDERS := lib kvm-events gs gs/dkms xtrace merge gs/host guest tuning config tests/lab tests/demo tests/fuzz \
	tests/bench doc tests
-include $(wildcard $(addsuffix /rules.mk,$(FOLDERS)))

# Goals that need no library: they are what brings the libraries.
ifneq ($(filter-out deps clean demo check,$(or $(MAKECMDGOALS),all)),)
ifeq ($(shell command -v $(PKG_CONFIG)),)
$(error $(PKG_CONFIG) is not installed; "make deps" installs what is needed)
endif
missing := $(strip $(foreach p,$(PKGS),$(shell $(PKG_CONFIG) --exists $(p) || echo $(p))))
ifneq ($(missing),)
$(error not installed: $(missing); "make deps" installs what is needed)
endif
endif

all: programs
programs: $(addprefix $(O)/bin/,$(PROGRAMS)) $(addprefix $(O)/lib/,$(SHARED) $(API_ARCHIVES)) \
	completions

define archive_rule
$(O)/lib/$(1): $$(addprefix $(O)/,$$($(1)-objs))
	$$(call say,AR,$(1))
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach a,$(ARCHIVES),$(eval $(call archive_rule,$(a))))

# $(1) name, $(2) folder of the result below $(O)
define program_rule
$(O)/$(2)$(1): $$(addprefix $(O)/,$$($(1)-objs)) $$(addprefix $(O)/lib/,$$($(1)-libs))
	$$(call say,LD,$(1))
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(ALL_LDFLAGS) -o $$@ $$(addprefix $(O)/,$$($(1)-objs)) \
		-Wl,--start-group $$(addprefix $(O)/lib/,$$($(1)-libs)) -Wl,--end-group \
		$$($(1)-ldflags) $$($(1)-ldlibs)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p),bin/)))
$(foreach t,$(TOOLS),$(eval $(call program_rule,$(t),)))
$(foreach t,$(UNIT_TESTS),$(eval $(t)-ldlibs += -lcmocka)$(eval $(call program_rule,$(t),)))
$(foreach f,$(FUZZERS),$(eval $(f)-ldflags += -fsanitize=fuzzer)$(eval $(call program_rule,$(f),)))

# libNAME.so of libNAME.so.0.1: what a linker looks for
dev_name = $(firstword $(subst .so,.so ,$(1)))

comma := ,
define shared_rule
$(O)/lib/$(1): $$(addprefix $(O)/,$$($(1)-objs)) $$(addprefix $(O)/lib/,$$($(1)-libs)) $$($(1)-map)
	$$(call say,LD,$(1))
	$$(Q)mkdir -p $$(@D) && $$(CC) -shared $$(ALL_LDFLAGS) -o $$@ \
		-Wl,-Bsymbolic-functions -Wl,-soname,$$($(1)-soname) \
		$$(addprefix -Wl$$(comma)--version-script=,$$($(1)-map)) \
		$$(addprefix $(O)/,$$($(1)-objs)) \
		-Wl,--start-group $$(addprefix $(O)/lib/,$$($(1)-libs)) -Wl,--end-group $$($(1)-ldlibs)
	$$(Q)cd $(O)/lib && for link in $$(filter-out $(1),$$($(1)-soname) $$(call dev_name,$(1))); do \
		ln -sf $(1) $$$$link; done
endef
$(foreach s,$(SHARED),$(eval $(call shared_rule,$(s))))

$(O)/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(CFLAGS-$*.o) -MMD -MP -c -o $@ $<

ALL_OBJS := $(sort $(foreach n,$(ARCHIVES) $(PROGRAMS) $(SHARED) $(TOOLS) $(UNIT_TESTS) $(FUZZERS), \
	$($(n)-objs)))
-include $(patsubst %.o,$(O)/%.d,$(ALL_OBJS))

# For what only the compiler's words are wanted of.
objects: $(addprefix $(O)/,$(ALL_OBJS))

# The completion of a command is made from its own option table.
completions: $(addprefix $(O)/completions/,$(PROGRAMS))
$(O)/completions/%: $(O)/bin/% doc/make-completion
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && $< --dump-options | doc/make-completion >$@

include doc/install.mk

deps:
	$(Q).ci/deps $(sort $(DEPS))

# For the lints: the words of one of the lists above.
print-%:
	@printf '%s\n' $($*)

clean:
	$(call say,CLEAN,$(O))
	$(Q)rm -rf $(O)

.PHONY: all programs objects completions deps clean
