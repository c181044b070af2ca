# SPDX-License-Identifier: GPL-2.0-or-later

# Who links it takes $(tune-libs) and $(tune-ldlibs).
tune-libs := libtuning.a librt.a
tune-ldlibs := -lhwloc
PKGS += hwloc
DEPS += libhwloc-dev hwloc

# Each part below adds its modules, its commands and their tests.
ARCHIVES += libtuning.a
libtuning.a-objs :=

# Tests named after modules: tests/tuning/test-NAME, at the end of this file.
tune-tests :=

# --- topology
libtuning.a-objs += $(addprefix tuning/,cpuset.o dmi.o pack.o pack-read.o topo.o topo-from.o \
	topo-hwloc.o topo-hwloc-pci.o topo-linux.o topo-json.o topo-pci.o topo-recall.o \
	topo-svg.o topo-text.o topo-tree.o)
tune-tests += cpuset dmi pack topo
PROGRAMS += hwtopo
hwtopo-objs := tuning/cmd-hwtopo.o
hwtopo-libs := $(tune-libs)
hwtopo-ldlibs := $(tune-ldlibs)
CMD_TESTS += tests/cmd/hwtopo.sh
topo-fuzzers := $(addprefix tests/fuzz/fuzz-,cpuset dmi pack recall)
FUZZERS += $(topo-fuzzers)
$(foreach f,$(topo-fuzzers),$(eval $(f)-objs := $(f).o)$(eval $(f)-libs := $(tune-libs))$(eval $(f)-ldlibs := $(tune-ldlibs)))

# --- the engine: plan, journal, apply, read back, undo
libtuning.a-objs += $(addprefix tuning/,journal.o journal-doubt.o journal-file.o journal-plan.o \
	journal-store.o knob.o knob-irqbalance.o knob-task.o sched.o)
tune-tests += journal journal-doubt knob sched
PROGRAMS += kvmrt-undo
kvmrt-undo-objs := tuning/cmd-undo.o
kvmrt-undo-libs = $(tune-libs)
kvmrt-undo-ldlibs = $(tune-ldlibs)
CMD_TESTS += tests/cmd/kvmrt-undo.sh
FUZZERS += tests/fuzz/fuzz-journal
tests/fuzz/fuzz-journal-objs := tests/fuzz/fuzz-journal.o
tests/fuzz/fuzz-journal-libs = $(tune-libs)
tests/fuzz/fuzz-journal-ldlibs = $(tune-ldlibs)

# --- tasks and interrupts
libtuning.a-objs += $(addprefix tuning/,affinity.o irqs.o irqs-more.o persist.o persist-units.o run.o run-lock.o tasks.o)
tune-tests += affinity irqs persist run tasks
PROGRAMS += irq-affinity task-affinity kvmrt-run
irq-affinity-objs := tuning/cmd-irq-affinity.o
task-affinity-objs := tuning/cmd-task-affinity.o
kvmrt-run-objs := tuning/cmd-run.o
$(foreach p,irq-affinity task-affinity kvmrt-run,$(eval $(p)-libs = $$(tune-libs))$(eval $(p)-ldlibs = $$(tune-ldlibs)))
SHARED += libkvmrt_lock.so
libkvmrt_lock.so-objs := tuning/run-preload.o
libkvmrt_lock.so-soname := libkvmrt_lock.so
# it goes into programs that are not watched
CFLAGS-tuning/run-preload.o = -fno-sanitize=all $(patsubst -fsanitize%,-fno-sanitize%, \
	$(filter -fsanitize-coverage=%,$(CFLAGS)))
libkvmrt_lock.so-ldlibs := -fno-sanitize=all
CMD_TESTS += $(addprefix tests/cmd/,irq-affinity.sh irq-affinity-persist.sh task-affinity.sh kvmrt-run.sh)
tune-affinity-fuzzers := $(addprefix tests/fuzz/fuzz-,interrupts running task-stat)
FUZZERS += $(tune-affinity-fuzzers)
$(foreach f,$(tune-affinity-fuzzers),$(eval $(f)-objs := $(f).o)$(eval $(f)-libs := $(tune-libs))$(eval $(f)-ldlibs = $$(tune-ldlibs)))

# --- shield and CPUs up and down
libtuning.a-objs += $(addprefix tuning/,online.o partition.o shield.o shield-file.o shield-kernel.o \
	shield-left.o shield-memory.o shield-note.o shield-tasks.o shield-undo.o watch.o)
tune-tests += online partition shield watch
PROGRAMS += kvmrt-cpu
kvmrt-cpu-objs := tuning/cmd-cpu.o
kvmrt-cpu-libs = $(tune-libs)
kvmrt-cpu-ldlibs = $(tune-ldlibs)
CMD_TESTS += tests/cmd/kvmrt-cpu.sh
PROGRAMS += shield
UNITS += $(O)/tuning/shield.service
CMD_TESTS += tests/cmd/shield.sh
FUZZERS += tests/fuzz/fuzz-shield-file
tests/fuzz/fuzz-shield-file-objs := tests/fuzz/fuzz-shield-file.o
tests/fuzz/fuzz-shield-file-libs = $(tune-libs)
tests/fuzz/fuzz-shield-file-ldlibs = $(tune-ldlibs)
shield-objs := tuning/cmd-shield.o tuning/cmd-shield-show.o
shield-libs = $(tune-libs)
shield-ldlibs = $(tune-ldlibs)

# --- validation of the host
libtuning.a-objs += $(addprefix tuning/,cmdline.o validate.o validate-boot.o validate-device.o \
	validate-fix.o \
	validate-irq.o validate-kernel.o validate-kvm.o validate-looks.o validate-memory.o \
	validate-power.o validate-read.o validate-sched.o validate-service.o validate-virt.o)
tune-ldlibs += -lz
tune-tests += cmdline validate
PKGS += zlib
DEPS += zlib1g-dev
FUZZERS += tests/fuzz/fuzz-cmdline
tests/fuzz/fuzz-cmdline-objs := tests/fuzz/fuzz-cmdline.o
tests/fuzz/fuzz-cmdline-libs := $(tune-libs)

# --- live views

libtuning.a-objs += $(addprefix tuning/,aside.o cpustat.o cpustat-text.o pace.o rates.o rates-text.o \
	running.o)
tune-tests += aside cpustat pace rates running

# The page's server, for the commands that have one: nobody else links its library.
ARCHIVES += libtunepage.a
libtunepage.a-objs := tuning/page.o
page-libs := libtunepage.a $(tune-libs)
page-ldlibs := -lmicrohttpd $(tune-ldlibs)
PKGS += libmicrohttpd
DEPS += libmicrohttpd-dev
UNIT_TESTS += tests/tuning/test-page
tests/tuning/test-page-objs := tests/tuning/test-page.o
tests/tuning/test-page-libs := $(page-libs)
tests/tuning/test-page-ldlibs := $(page-ldlibs)

PROGRAMS += interview
interview-objs := $(addprefix tuning/,cmd-interview.o cmd-interview-screen.o cmd-page.o)
interview-libs := $(page-libs)
interview-ldlibs := $(page-ldlibs) -lncursesw -ltinfo -lm
PKGS += ncursesw
DEPS += libncurses-dev
CMD_TESTS += tests/cmd/interview.sh

PROGRAMS += cpustat
cpustat-objs := tuning/cmd-cpustat.o
cpustat-libs := $(tune-libs)
cpustat-ldlibs := $(tune-ldlibs) -lm
CMD_TESTS += tests/cmd/cpustat.sh

PROGRAMS += cpustat-gui hwtopo-gui
$(foreach p,cpustat hwtopo,$(eval $(p)-gui-objs := tuning/cmd-$(p)-gui.o tuning/cmd-page.o))
$(foreach p,cpustat hwtopo,$(eval $(p)-gui-libs := $(page-libs))$(eval $(p)-gui-ldlibs := $(page-ldlibs) -lm))
CMD_TESTS += tests/cmd/cpustat-gui.sh tests/cmd/hwtopo-gui.sh
DEPS += chromium $(if $(shell command -v node && command -v npm),,nodejs npm)

# A page is one file with nothing outside, and becomes a string of its command.
$(O)/tuning/pages/%.html.h: tuning/pages/%.html tuning/pages/page.css tuning/pages/page.js tuning/pages/embed
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tuning/pages/embed $< >$@
$(O)/tuning/cmd-cpustat-gui.o: $(O)/tuning/pages/cpustat.html.h
$(O)/tuning/cmd-hwtopo-gui.o: $(O)/tuning/pages/hwtopo.html.h
$(O)/tuning/cmd-interview.o: $(O)/tuning/pages/interview.html.h

tune-tests := $(addprefix tests/tuning/test-,$(tune-tests))
UNIT_TESTS += $(tune-tests)
$(foreach t,$(tune-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := $(tune-libs))$(eval $(t)-ldlibs := $(tune-ldlibs)))
