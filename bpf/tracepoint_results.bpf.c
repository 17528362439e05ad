// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tracepoint_results.bpf.c - PW_FAILURE of bind(2), and of connect(2) over UDP, by the
// tracepoints of the system calls.
//
// Only on request: one such tracepoint makes every system call of the host some 50 ns
// slower. 32-bit calls have none, so their attempts are not begun. What UDP lacks in
// connect(2) is a port (EAGAIN): no other hook sees that.
#include "bpf/failure.bpf.h"

/* /sys/kernel/tracing/events/syscalls/sys_exit_bind/format */
struct pw_exit_context {
	__u64 common;
	long number;
	long result;
};

static __always_inline int binding(struct bpf_sock_addr *ctx, const int family)
{
	const enum pw_way way = pw_current_way(PW_NR_BIND);

	if (way == PW_WAY_CALL || way == PW_WAY_RING)
		pw_begin_bind(ctx, way, family);
	return 1;
}

static __always_inline int connecting(struct bpf_sock_addr *ctx)
{
	const __u32 thread = bpf_get_current_pid_tgid();

	if ((ctx->protocol == IPPROTO_UDP || ctx->protocol == IPPROTO_UDPLITE) &&
	    pw_current_way(PW_NR_CONNECT) == PW_WAY_CALL)
		pw_begin(ctx, &thread);
	return 1;
}

SEC("cgroup/bind4")
int pw_tracepoint_bind4(struct bpf_sock_addr *ctx)
{
	return binding(ctx, AF_INET);
}

SEC("cgroup/bind6")
int pw_tracepoint_bind6(struct bpf_sock_addr *ctx)
{
	return binding(ctx, AF_INET6);
}

SEC("cgroup/connect4")
int pw_tracepoint_connect4(struct bpf_sock_addr *ctx)
{
	return connecting(ctx);
}

SEC("cgroup/connect6")
int pw_tracepoint_connect6(struct bpf_sock_addr *ctx)
{
	return connecting(ctx);
}

SEC("tracepoint/syscalls/sys_exit_bind")
int pw_tracepoint_bind(struct pw_exit_context *ctx)
{
	const __u32 thread = bpf_get_current_pid_tgid();

	pw_finish(&thread, PW_OP_BIND, ctx->result, 1);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int pw_tracepoint_connect(struct pw_exit_context *ctx)
{
	const __u32 thread = bpf_get_current_pid_tgid();

	pw_finish(&thread, PW_OP_CONNECT, ctx->result, ctx->result == -EAGAIN);
	return 0;
}
