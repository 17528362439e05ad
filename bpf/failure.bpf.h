/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * failure.bpf.h - from the attempt to the PW_FAILURE record.
 *
 * cgroup/bind4,6 see what is asked for, in the kernel's own copy, and nothing of the
 * result; what sees the result differs from kernel to kernel (*_results.bpf.c). In
 * between the attempt waits in pw_calls. Descriptors are not looked up again
 * afterwards: another thread may have closed or reused them.
 */
#ifndef PORTWATCH_BPF_FAILURE_H
#define PORTWATCH_BPF_FAILURE_H

#include "bpf/details.bpf.h"
#include "bpf/emit.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define PW_NR_BIND 49 /* arch/x86/entry/syscalls/syscall_64.tbl */
#define PW_NR_CONNECT 42
#define PW_NR_BIND_32 361 /* syscall_32.tbl */
#define PW_NR_SOCKETCALL_32 102
#define PW_X32_BIT 0x40000000
#define PW_SYSCALL(regs) ((int)BPF_CORE_READ(regs, orig_ax))
#define PW_RESULT(regs) ((int)BPF_CORE_READ(regs, ax))
#define PW_TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h */
#elif defined(__TARGET_ARCH_arm64)
#define PW_NR_BIND 200 /* include/uapi/asm-generic/unistd.h */
#define PW_NR_CONNECT 203
#define PW_NR_BIND_32 282 /* arch/arm64/tools/syscall_32.tbl */
#define PW_SYSCALL(regs) BPF_CORE_READ(regs, syscallno)
#define PW_RESULT(regs) ((int)BPF_CORE_READ(regs, regs[0]))
#endif
#define PW_MAX_ERRNO 4095

static __always_inline struct pt_regs *pw_current_registers(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* How a bind or connect of the current thread came about. A request of io_uring runs
 * in whatever its thread does: in io_uring_enter(2), in a worker, but also on the way
 * out of any other call and of an interrupt. What is not the call itself is a ring's. */
enum pw_way {
	PW_WAY_NONE,    /* the kernel's own */
	PW_WAY_CALL,    /* the 64-bit system call */
	PW_WAY_CALL_32, /* the 32-bit one */
	PW_WAY_RING
};

#if defined(__TARGET_ARCH_x86)
static __always_inline int pw_is_32bit(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & PW_TS_COMPAT;
}

static __always_inline int pw_is_bind_32(int number)
{
	return number == PW_NR_BIND_32 || number == PW_NR_SOCKETCALL_32;
}
#elif defined(__TARGET_ARCH_arm64)
/* Not told apart by a flag: 64-bit programs have another call of that number, on whose
 * way out a ring's request may run. */
static __always_inline int pw_is_32bit(struct task_struct *task)
{
	return PW_SYSCALL(pw_current_registers()) == PW_NR_BIND_32;
}

static __always_inline int pw_is_bind_32(int number)
{
	return number == PW_NR_BIND_32;
}
#endif

/* Where the current attempt waits in pw_calls. That of a ring only for a moment, beside
 * the call on whose way out it may run. */
#define PW_RING_PLACE 0x80000000 /* no thread has such a number */
static __always_inline __u32 pw_place(const enum pw_way way)
{
	const __u32 thread = bpf_get_current_pid_tgid();

	return way == PW_WAY_RING ? thread | PW_RING_PLACE : thread;
}

/* `number`: the 64-bit call that it may be. */
static __always_inline enum pw_way pw_current_way(const int number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	const unsigned int flags = BPF_CORE_READ(task, flags);
	int current;

	if (flags & PF_KTHREAD)
		return PW_WAY_NONE;
	if (flags & PF_IO_WORKER)
		return PW_WAY_RING;
	current = PW_SYSCALL(pw_current_registers());
	if (pw_is_32bit(task))
		return pw_is_bind_32(current) ? PW_WAY_CALL_32 : PW_WAY_RING;
#ifdef PW_X32_BIT
	if (current > 0)
		current &= ~PW_X32_BIT;
#endif
	return current == number ? PW_WAY_CALL : PW_WAY_RING;
}

/* The failure of the current task. */
static __always_inline void pw_tell_failure(const struct pw_socket *asked, __u32 operation,
                                            __u32 error)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pw_failure_record *record = pw_reserve(PW_FAILURE, sizeof(*record));

	if (!record)
		return;
	record->socket = *asked;
	pw_read_current(&record->task);
	record->error = error;
	record->operation = operation;
	pw_read_details(&record->details, task);
	pw_own_current(&record->task);
	pw_submit(record);
}

/* The port that PW_BIND told of is free again: a program of somebody else refused the
 * bind after us. */
static __always_inline void pw_take_back(const struct pw_socket *asked)
{
	struct pw_socket_record *record = pw_reserve(PW_UNLISTEN, sizeof(*record));

	if (!record)
		return;
	record->socket = *asked;
	record->socket.flags &= ~PW_SOCKET_LOCKED;
	pw_submit(record);
}

/* What became of an attempt: `result` as the system call returns it. */
static __always_inline void pw_settle(const struct pw_attempt *attempt, __u32 operation,
                                      long result)
{
	if (result >= 0 || result < -PW_MAX_ERRNO)
		return;
	if (attempt->socket.id)
		pw_take_back(&attempt->socket);
	pw_tell_failure(&attempt->socket, operation, -result);
}

/* The kernel's copy of the address given to bind(2). `family` is of the hook: each may
 * read its own fields only. */
static __always_inline void pw_read_asked(struct pw_socket *out, struct bpf_sock_addr *ctx,
                                          const int family)
{
	__u32 word[4] = {};

	out->port = __builtin_bswap16(ctx->user_port);
	if (family == AF_INET6) {
		word[0] = ctx->user_ip6[0];
		word[1] = ctx->user_ip6[1];
		word[2] = ctx->user_ip6[2];
		word[3] = ctx->user_ip6[3];
	} else {
		word[0] = ctx->user_ip4;
	}
	__builtin_memcpy(out->address, word, sizeof(word));
}

/* Begins an attempt of the current thread. NULL: not a socket that we tell of, or no
 * room: then a failure would be lost, and it is counted. */
static __always_inline struct pw_call *pw_begin(struct bpf_sock_addr *ctx,
                                                const __u32 *place)
{
	const struct pw_call empty = {};
	struct pw_attempt *attempt;
	struct pw_call *call;
	struct sock *sk;

	if (!ctx->sk)
		return 0;
	if (bpf_map_update_elem(&pw_calls, place, &empty, BPF_ANY)) {
		pw_count_loss();
		return 0;
	}
	call = bpf_map_lookup_elem(&pw_calls, place);
	if (!call)
		return 0;
	attempt = &call->attempt;
	/* The context's pointer may be handed to helpers but not read; from a map it
	 * comes back as a plain address. */
	attempt->sk = (__u64)(long)ctx->sk;
	sk = (struct sock *)(long)*(volatile __u64 *)&attempt->sk;
	if (pw_port_protocol(sk)) {
		pw_read_socket(&attempt->socket, sk, 0);
		if (!(attempt->socket.flags & PW_SOCKET_KERNEL))
			return call;
	}
	bpf_map_delete_elem(&pw_calls, place);
	return 0;
}

/* A bind of a ring has no system call of its own: ring_results.bpf.c settles it. */
static __always_inline void pw_leave_to_ring(const struct pw_call *call, const __u32 *place)
{
	struct sock *sk = (struct sock *)(long)call->attempt.sk;
	__u64 socket = (__u64)(long)BPF_CORE_READ(sk, sk_socket);

	bpf_map_update_elem(&pw_ring_attempts, &socket, &call->attempt, BPF_ANY);
	bpf_map_delete_elem(&pw_calls, place);
}

/* A bind of the current thread; NULL: nothing that the tier has to settle. */
static __always_inline struct pw_call *
pw_begin_bind(struct bpf_sock_addr *ctx, const enum pw_way way, const int family)
{
	const __u32 place = pw_place(way);
	struct pw_call *call = pw_begin(ctx, &place);

	if (!call)
		return 0;
	pw_read_asked(&call->attempt.socket, ctx, family);
	if (way != PW_WAY_RING)
		return call;
	pw_leave_to_ring(call, &place);
	return 0;
}

/* The result of what the current thread began; `told`: it is one of those that we
 * tell of. */
static __always_inline void pw_finish(const __u32 *thread, __u32 operation, long result,
                                      int told)
{
	struct pw_call *call = bpf_map_lookup_elem(&pw_calls, thread);

	if (!call)
		return;
	if (told)
		pw_settle(&call->attempt, operation, result);
	bpf_map_delete_elem(&pw_calls, thread);
}

#endif
