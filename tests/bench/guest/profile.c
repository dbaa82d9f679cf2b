/* SPDX-License-Identifier: 0BSD
 *
 * The sampler of `tests/bench/run --profile`. It disturbs what it measures by a few per cent, so no figure of the table
 * comes from a run with it. The kernel's functions are named here, from /proc/kallsyms; a program's on the host. */
#define _GNU_SOURCE
#include "profile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PERIOD_NS 20000
#define RING_PAGES 4096                  /* 16 MiB, 24 bytes a sample: 14 s of guest time */
#define SYMBOLS_MAX 300000
#define PLACES_MAX 16384

/* What linux/perf_event.h has; musl-gcc knows no kernel headers. */
struct event_attr {
    uint32_t type, size;
    uint64_t config, period, sample_type, read_format, flags;
    uint8_t rest[80];
};
struct ring_head { uint8_t before[1024]; volatile uint64_t head, tail; };
struct sample { uint32_t type; uint16_t misc, size; uint64_t ip; uint32_t pid, tid; };
enum { TYPE_SOFTWARE = 1, CPU_CLOCK = 0, SAMPLE_IP = 1, SAMPLE_TID = 2, RECORD_SAMPLE = 9, IN_KERNEL = 1 };
enum { ENABLE = 0x2400, DISABLE = 0x2401 };

struct symbol { uint64_t at; char name[48]; };
struct place { uint64_t at; uint32_t pid, n; };

static int fd;
static struct ring_head *ring;
static struct symbol *symbols;
static size_t symbols_n;
static struct place places[PLACES_MAX];

void profile_start(void)
{
    struct event_attr a = { .type = TYPE_SOFTWARE, .size = 112, .config = CPU_CLOCK, .period = PERIOD_NS,
                            .sample_type = SAMPLE_IP | SAMPLE_TID, .flags = 1 /* disabled */ };
    fd = (int)syscall(SYS_perf_event_open, &a, -1, 0, -1, 0);
    ring = mmap(NULL, (RING_PAGES + 1) * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || ring == MAP_FAILED)
        perror("perf_event_open");
    ioctl(fd, ENABLE, 0);
}

void profile_stop(void) { ioctl(fd, DISABLE, 0); }

static int by_address(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void read_symbols(void)
{
    char line[256], kind;
    FILE *in = fopen("/bench/proc/kallsyms", "r");
    symbols = malloc(SYMBOLS_MAX * sizeof *symbols);
    while (in && symbols_n < SYMBOLS_MAX && fgets(line, sizeof line, in)) {
        struct symbol *s = &symbols[symbols_n];
        if (sscanf(line, "%lx %c %47s", &s->at, &kind, s->name) == 3 && strchr("tTwW", kind))
            symbols_n++;
    }
    qsort(symbols, symbols_n, sizeof *symbols, by_address);
}

static const struct symbol *symbol_of(uint64_t at)
{
    size_t low = 0, high = symbols_n;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(symbols[middle].at <= at ? &low : &high) = middle;
    }
    return &symbols[low];
}

static void count(uint64_t at, uint32_t pid)
{
    uint32_t i = (uint32_t)(at * 2654435761u >> 7) % PLACES_MAX;
    while (places[i].n && (places[i].at != at || places[i].pid != pid))
        i = (i + 1) % PLACES_MAX;
    places[i].at = at;
    places[i].pid = pid;
    places[i].n++;
}

/* The process is told for what a program does only, and only PID 1's: all others run the service. */
void profile_tell(FILE *out)
{
    read_symbols();
    for (uint64_t at = 0; at < ring->head;) {
        const struct sample *s = (void *)((char *)ring + 4096 + at % (RING_PAGES * 4096));
        at += s->size;
        if (s->type == RECORD_SAMPLE && (s->misc & 7) == IN_KERNEL)
            count(symbol_of(s->ip)->at, s->pid == 1);
        else if (s->type == RECORD_SAMPLE)
            count(s->ip, s->pid == 1);
    }
    for (size_t i = 0; i < PLACES_MAX; i++) {
        const struct place *p = &places[i];
        const char *who = p->pid ? "init" : "other";
        if (p->n && p->at >> 63)
            fprintf(out, "sample %u %s k %s\n", p->n, who, symbol_of(p->at)->name);
        else if (p->n)
            fprintf(out, "sample %u %s u 0x%lx\n", p->n, who, p->at);
    }
    fprintf(out, "period=%u\n", PERIOD_NS);
}
