/* SPDX-License-Identifier: 0BSD
 *
 * The service that is measured: it does nothing. Its first instruction reads the time, and it then waits for ever in
 * pause(2) with that time as the (unused) first argument, where /proc/PID/syscall shows it to watch.c. So telling costs
 * four instructions, the same under every init, and needs no file, no socket and no descriptor. */
	.globl _start
_start:	rdtsc
	shl	$32, %rdx
	lea	(%rax, %rdx), %rdi
1:	mov	$34, %eax
	syscall
	jmp	1b
	.section .note.GNU-stack, "", @progbits
