# Host programs of the tests: layers of init/ linked with a main of their own, by the host's compiler and its libc, with
# the address and undefined-behaviour sanitizers, which the real binary cannot have. `host NAME` of harness.sh calls it.
# A program is one line below, its source; what it links of init/ is LAYERS.
#
# usage: make -f tests/host.mk B=... O=... $B/tests/host/values

B ?= build
O ?= build/x86_64
H = $(B)/tests/host
CC = gcc
CFLAGS = -std=gnu11 -D_GNU_SOURCE= -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=undefined -Iinit
LAYERS = base unit job exec
SRC := $(wildcard init/sys.c $(LAYERS:%=init/%/*.c))
OBJ = $(SRC:%.c=$(H)/%.o) $(H)/packed.o $(H)/texts.o

$(H)/values: $(H)/tests/unit/values.o
$(H)/condition: $(H)/tests/words/condition.o
$(H)/dump: LINK = -Wl,--wrap=sys_access
$(H)/dump: $(H)/tests/loader/dump.o

$(H)/values $(H)/dump $(H)/condition: $(OBJ)
	$(CC) $(CFLAGS) $(LINK) -o $@ $(filter %.o,$^)

$(H)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(H)/%.o: $(O)/gen/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

.SECONDARY:
-include $(shell find $(H) -name '*.d' 2>/dev/null)
