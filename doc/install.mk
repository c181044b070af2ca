# SPDX-License-Identifier: GPL-2.0-or-later
# Where everything goes: one list of pairs, for install and for uninstall.

MANPAGES := $(wildcard doc/man/*.[1-9] doc/formats/*.[1-9] doc/protocols/*.[1-9])

# $(call goes,MODE,FOLDER,FILES): each as MODE:FILE:PLACE below the prefix
goes = $(foreach f,$(3),$(1):$(f):$(2)/$(notdir $(f)))
install-list = \
	$(call goes,755,bin,$(addprefix $(O)/bin/,$(PROGRAMS))) \
	$(call goes,755,lib,$(addprefix $(O)/lib/,$(SHARED))) \
	$(foreach h,$(HEADERS),644:$(h):include/kvmrt/$(h)) \
	$(call goes,644,include,$(API_HEADERS)) \
	$(call goes,644,lib,$(addprefix $(O)/lib/,$(API_ARCHIVES))) \
	$(call goes,644,lib/pkgconfig,$(patsubst %.in,$(O)/%,$(PCFILES))) \
	$(foreach m,$(MANPAGES),644:$(m):share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
	$(call goes,644,share/bash-completion/completions,$(addprefix $(O)/completions/,$(PROGRAMS))) \
	$(call goes,644,share/doc/kvmrt/examples,$(EXAMPLES)) \
	$(call goes,644,lib/systemd/system,$(UNITS)) \
	$(call goes,644,lib/udev/rules.d,$(UDEV_RULES)) \
	$(call goes,644,lib/sysusers.d,$(SYSUSERS)) \
	$(call goes,644,lib/modprobe.d,$(MODPROBE)) \
	$(foreach f,$(DKMS_FILES),$(subst ||,$(DKMS_NAME)-$(VERSION),644:$(subst :,:src/||/,$(f))))
# COMPAT=1: commands, their pages and completions, under the names that the guide gives them
compat := cpu:kvmrt-cpu run:kvmrt-run
# $(call compat-page,NAME,COMMAND)
compat-page = $(foreach m,$(filter doc/man/$(2).%,$(MANPAGES)),\
	share/man/man$(subst .,,$(suffix $(m)))/$(1)$(suffix $(m)):$(notdir $(m)))
compat-links = $(if $(COMPAT),$(foreach l,$(compat),\
	$(if $(filter $(lastword $(subst :, ,$(l))),$(PROGRAMS)),\
	bin/$(l) share/bash-completion/completions/$(l) \
	$(call compat-page,$(firstword $(subst :, ,$(l))),$(lastword $(subst :, ,$(l)))))))
# links, those of the shared libraries first: PLACE:TARGET
install-links = $(foreach s,$(SHARED),\
	$(foreach l,$(sort $(filter-out $(s),$($(s)-soname) $(call dev_name,$(s)))),lib/$(l):$(s))) \
	$(LINKS) $(compat-links)

place := $(DESTDIR)$(PREFIX)

# A program finds a new library below /usr/local only by the loader's cache.
install: all $(patsubst %.in,$(O)/%,$(PCFILES)) $(UNITS) $(foreach f,$(DKMS_FILES),$(firstword $(subst :, ,$(f))))
	$(Q)set -e; for entry in $(install-list); do \
		IFS=: read -r mode file to <<<"$$entry"; \
		install -D -m "$$mode" "$$file" "$(place)/$$to"; \
	done; \
	for entry in $(install-links); do \
		ln -sf "$${entry#*:}" "$(place)/$${entry%:*}"; \
	done; \
	if [ -z "$(DESTDIR)" ] && [ -w /etc/ld.so.cache ]; then PATH=$$PATH:/sbin ldconfig; fi

# Folders stay, unless they are the project's own and empty.
uninstall:
	$(Q)for entry in $(install-list); do rm -f "$(place)/$${entry##*:}"; done; \
	for entry in $(install-links); do rm -f "$(place)/$${entry%:*}"; done; \
	for own in include/kvmrt share/doc/kvmrt src/$(DKMS_NAME)-$(VERSION); do \
		if [ -d "$(place)/$$own" ]; then \
			find "$(place)/$$own" -depth -type d -empty -delete; \
		fi; \
	done

# Made anew each time: they hold the prefix of this call.
define prefix_rule
$(O)/%.$(1): %.$(1).in always
	$$(call say,GEN,$$@)
	$$(Q)mkdir -p $$(@D) && sed 's|@PREFIX@|$$(PREFIX)|; s|@VERSION@|$$(VERSION)|' $$< >$$@
endef
$(eval $(call prefix_rule,pc))
$(eval $(call prefix_rule,service))

always:

.PHONY: install uninstall always
