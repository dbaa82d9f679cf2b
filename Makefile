# pith: `make help` lists what there is to do. Everything that is built or fetched lies under build/.
#
#   ARCH  x86_64 (default) or aarch64        CC  gcc (default) or clang
#   O     where to build (build/$(ARCH))     B   where images and fetched files go (build)

ARCH ?= x86_64
B ?= build
O ?= $(B)/$(ARCH)
Q ?= @
ifeq ($(origin CC),default)
CC = $(if $(filter aarch64,$(ARCH)),aarch64-linux-gnu-gcc,gcc)
endif
HOST_TOOLS = $(if $(filter aarch64,$(ARCH)),aarch64-linux-gnu-,)
STRIP ?= $(HOST_TOOLS)strip
NM ?= $(HOST_TOOLS)nm
SIZE ?= $(HOST_TOOLS)size

# ---- the compiler: Debian's musl for the target, the kernel's headers, nothing of the host's libc
CLANG = $(findstring clang,$(CC))
T = $(B)/toolchain/$(ARCH)-$(or $(CLANG),gcc)
# clang looks into musl's CMSG_NXTHDR(), which compares signed with unsigned
WARN = -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wvla -Werror \
       $(if $(CLANG),-Wno-sign-compare,-Wsuggest-attribute=noreturn)
TARGET = $(if $(CLANG),--target=$(ARCH)-linux-musl,$(if $(filter x86_64,$(ARCH)),-malign-data=abi))
# Measured, each on its own: what else gcc has to offer makes the file larger or leaves it as it is.
CFLAGS ?= -g $(if $(CLANG),-Oz,-Oz -fno-jump-tables -fno-tree-loop-im -fno-move-loop-invariants \
                             -fno-caller-saves -fno-tree-sra -fno-thread-jumps -fno-expensive-optimizations \
                             -fno-tree-dominator-opts -fno-tree-tail-merge -fno-forward-propagate -fno-tree-fre \
                             -fno-shrink-wrap -fno-tree-coalesce-vars -fno-tree-slsr)
# clang sees no format in a TEXT() that is packed, so its build has them plain.
ALL_CFLAGS = -std=gnu11 $(if $(CLANG),,-DPACK_TEXTS) $(TARGET) $(WARN) $(CFLAGS) -nostdinc -isystem $(T)/compiler -isystem $(T)/musl \
             -isystem $(T)/kernel -fno-asynchronous-unwind-tables -fno-stack-protector \
             -ffunction-sections -fdata-sections -fno-pie -fno-pic -fomit-frame-pointer -mgeneral-regs-only
# gcc links for clang too: libgcc is needed anyway, and all that is linked is named here.
LINK = $(if $(CLANG),$(HOST_TOOLS)gcc,$(CC)) -static -nostdlib -no-pie -Wl,--gc-sections -Wl,-z,norelro \
       -Wl,-z,noseparate-code -Wl,--build-id=none -Wl,-z,stack-size=65536 -Wl,-z,common-page-size=64 \
       -Wl,-O2,--sort-section=alignment $(LDFLAGS)
PLACES = -Wl,-T,init/link.ld,-T,$(O)/order.ld
# Without libc's start files: _start is in init/start.c.
LIBC = $(1) $(T)/lib/libc.a $(T)/lib/libgcc.a

# In this order they lie in memory. The kernel maps 64 KB around what is touched: what PID 1 does all day lies together, what
# it does once or for clients behind that, and other programs last.
COLD = $(wildcard $(addprefix init/,run/boot.c run/control.c run/generators.c run/offline.c run/props.c run/reload.c run/shutdown.c \
       base/glob.c base/zone.c unit/cmdline.c unit/fstab.c unit/generate.c unit/install*.c unit/sysv.c unit/condition.c unit/set_*.c))
HOT = $(filter-out $(COLD),$(sort $(wildcard init/*.c)) $(foreach d,base exec job kind run unit bus,$(sort $(wildcard init/$d/*.c))))
SRC := $(HOT) $(COLD) $(foreach d,journal helper client tool,$(sort $(wildcard init/$d/*.c)))
OBJ = $(SRC:%.c=$(O)/%.o) $(O)/gen/packed.o
OBJCOPY ?= $(HOST_TOOLS)objcopy

.PHONY: all run test size bench install clean help force
all: $(O)/pith

$(O)/pith: $(O)/pith.debug
	$(Q)$(STRIP) -R .comment -R .note.gnu.property -R .note.gnu.build-id -o $@ $<

# All TEXT()s, as they lie in memory when linked: packed, they are what is linked instead of them.
$(O)/gen/texts.c: $(OBJ) $(O)/link ci/pack init/base/texts.def
	$(Q)$(LINK) -Wl,--unresolved-symbols=ignore-all -o $(O)/texts.elf $(call LIBC,$(OBJ))
	$(Q)>$(O)/texts
	$(Q)$(if $(CLANG),,$(OBJCOPY) -O binary -j cold_texts $(O)/texts.elf $(O)/texts)
	$(Q)ci/pack texts init/base/texts.def $(O)/texts >$@.tmp && mv $@.tmp $@

# Linked twice: whole, for the bytes of what init/unpacked.ld takes out, then with those squeezed. No address may differ.
$(O)/pith.debug: $(O)/whole $(O)/gen/squeezed.o init/unpacked.ld
	@echo "  LINK    $@"
	$(Q)$(LINK) $(PLACES) -Wl,-T,init/unpacked.ld -o $@.tmp $(call LIBC,$(OBJ) $(O)/gen/texts.o $(O)/gen/squeezed.o)
	$(Q)for f in $< $@.tmp; do $(NM) $$f | grep -vE ' (squeezed|_*(bss_start|bss_end|edata|end)_*)$$' | cut -d ' ' -f 1,3 | cksum; done | uniq | wc -l | \
		grep -qx 1 || { echo "$@: an address depends on what was squeezed" >&2; exit 1; }
	$(Q)mv $@.tmp $@

$(O)/whole: $(OBJ) $(O)/gen/texts.o $(O)/link $(O)/order.ld init/link.ld init/unpacked.ld
	$(Q)sed 's/(NOLOAD)//' init/unpacked.ld >$@.ld
	$(Q)$(LINK) $(PLACES) -Wl,-T,$@.ld -Wl,--defsym=squeezed=0 -o $@ $(call LIBC,$(OBJ) $(O)/gen/texts.o)

$(O)/gen/squeezed.c: $(O)/whole ci/squeeze
	$(Q)$(OBJCOPY) -O binary -j .unpacked $< $(O)/gen/unpacked
	$(Q)ci/squeeze $(O)/gen/unpacked >$@.tmp && mv $@.tmp $@

# Arrays by their size, the small ones first: those share their pages instead of taking one each between large ones.
# They begin at a fixed place (init/unpacked.ld), in the 2 MiB of code and data, whose page table they share.
$(O)/order.ld: $(OBJ)
	$(Q)$(NM) -S $(OBJ) | LC_ALL=C sort -k2 | awk '$$3 ~ /^[bB]$$/ { names = names " *(.bss." $$4 ")" } \
		END { print "SECTIONS { .arrays 0x500000 (NOLOAD) : {" names " } } INSERT AFTER .bss;" }' >$@

$(O)/init/%.o: init/%.c $(T)/ready $(O)/compile
	@echo "  CC      $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/gen/%.o: $(O)/gen/%.c $(T)/ready $(O)/compile
	$(Q)$(CC) $(ALL_CFLAGS) -Iinit -MMD -MP -c -o $@ $<

# The shipped unit files, compiled in, so that a boot needs nothing but the binary.
$(O)/gen/packed.c: ci/pack init/unit/directives.def $(wildcard units/*) units
	@mkdir -p $(@D)
	$(Q)ci/pack units init/unit/directives.def units/* >$@.tmp && mv $@.tmp $@

# How O was compiled and linked last. They change, and with them what depends on them, when that changes.
$(O)/compile: export SAID := $(CC) $(ALL_CFLAGS)
$(O)/link: export SAID := $(LINK) $(PLACES) $(call LIBC,$(OBJ))
$(O)/compile $(O)/link: force
	@mkdir -p $(@D)
	@printenv SAID | cmp -s - $@ || printenv SAID >$@

$(T)/ready: ci/toolchain ci/need
	$(Q)ci/toolchain $(ARCH) $(T) $(firstword $(CC))

-include $(OBJ:.o=.d)

# ---- what a person does with it -------------------------------------------------------------
# All that this needs is asked for at once, by the first script that needs any of it (ci/need).
run test bench: export NEED := bash e2fsprogs fdisk gcc kmod libc6-dev linux-libc-dev make musl-tools qemu-system-x86 xz-utils

run: $(O)/pith
	$(Q)PITH=$(O)/pith B=$(B) rootfs/run

test: $(O)/pith
	$(Q)PITH=$(O)/pith O=$(O) B=$(B) tests/run

size: $(O)/pith
	$(Q)NM=$(NM) SIZE=$(SIZE) ci/size $(O)/pith

bench: $(O)/pith
	$(Q)PITH=$(O)/pith B=$(B) tests/bench/run

install: $(O)/pith
	$(Q)ci/install $(O)/pith "$(DESTDIR)"

clean:
	rm -rf $(O) $(B)/run $(B)/tests

help:
	@echo 'make               build $(O)/pith, one static binary'
	@echo 'make run           boot the demo image in QEMU, its console on this terminal (ctrl-a x ends it)'
	@echo '                   CMD="systemctl status"  run a command there, power off, exit with its status'
	@echo '                   SHAPE=disk|initramfs  LIMIT=seconds  ACCEL=tcg  APPEND="kernel arguments"'
	@echo 'make test          all tests   (TESTS="unit boot" for some, see tests/README.md)'
	@echo 'make bench         boot times and memory beside other inits'
	@echo 'make size          sections, largest symbols, the total beside its budget'
	@echo 'make install DESTDIR=/tree   /usr/sbin/init, its command links, /usr/lib/systemd/system, man pages'
	@echo 'make ARCH=aarch64  the same for another machine     make O=DIR  elsewhere'
	@echo 'make clean         remove what was built (fetched files stay; rm -r $(B) removes them too)'
