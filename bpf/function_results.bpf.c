// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// function_results.bpf.c - PW_FAILURE of bind(2), where tracing programs attach to
// functions: the result costs a bind next to nothing and nobody else anything.
//
// __sys_bind() is behind the native and the 32-bit calls. An object of its own, because
// many kernels cannot load it.
#include "bpf/failure.bpf.h"

static __always_inline int binding(struct bpf_sock_addr *ctx, const int family)
{
	const enum pw_way way = pw_current_way(PW_NR_BIND);

	if (way != PW_WAY_NONE)
		pw_begin_bind(ctx, way, family);
	return 1;
}

SEC("cgroup/bind4")
int pw_function_bind4(struct bpf_sock_addr *ctx)
{
	return binding(ctx, AF_INET);
}

SEC("cgroup/bind6")
int pw_function_bind6(struct bpf_sock_addr *ctx)
{
	return binding(ctx, AF_INET6);
}

SEC("fexit/__sys_bind")
int BPF_PROG(pw_function_result, int fd, void *address, int length, int result)
{
	const __u32 thread = bpf_get_current_pid_tgid();

	pw_finish(&thread, PW_OP_BIND, result, 1);
	return 0;
}
