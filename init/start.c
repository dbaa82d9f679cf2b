/* SPDX-License-Identifier: 0BSD
 *
 * The first instruction. Nothing of libc runs before main(), and nothing of what it would make ready is
 * used: no threads, no locale, no stdio, no errno. Only that lives here. */
#include "sys.h"

int main(int argc, char **argv, char **envp);

/* The kernel leaves argc, argv and the environment on the stack. */
static void start(long *stack) __asm__("start_on_stack") __attribute__((used, noreturn));
static void start(long *stack)
{
    char **argv = (char **)(stack + 1);
    sys_exit(main((int)stack[0], argv, argv + stack[0] + 1));
}

#if defined(__x86_64__)
__asm__(".text\n.global _start\n_start:\n\t"
        "xor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall start_on_stack\n");
#elif defined(__aarch64__)
__asm__(".text\n.global _start\n_start:\n\t"
        "mov x29,xzr\n\tmov x30,xzr\n\tmov x0,sp\n\tand sp,x0,#-16\n\tb start_on_stack\n");
#else
#error "one line of assembler is missing for this architecture"
#endif
