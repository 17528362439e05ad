// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// task_work_results.bpf.c - PW_FAILURE of bind(2), by a task_work of the caller.
//
// For kernels that load no tracing programs on functions: cgroup/bind4,6 ask for a
// call on the way back to user space, where the registers hold the result. It costs
// every bind some microseconds (the kernel asks by an interrupt) and nobody else
// anything. Native and 32-bit calls. An object of its own: the kfunc is of Linux 6.18,
// and one that is missing fails the whole object.
#include "bpf/failure.bpf.h"

/* kernel/bpf/helpers.c. The last argument is the verifier's own. */
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task,
                                              struct bpf_task_work *work, void *map__map,
                                              int (*call)(struct bpf_map *, void *, void *),
                                              void *aux__prog) __ksym;

static int came_back(struct bpf_map *map, void *key, void *value)
{
	struct pw_call *call = value;
	const __u32 thread = *(__u32 *)key;

	pw_settle(&call->attempt, PW_OP_BIND, PW_RESULT(pw_current_registers()));
	bpf_map_delete_elem(&pw_calls, &thread);
	return 0;
}

static __always_inline int binding(struct bpf_sock_addr *ctx, const int family)
{
	const __u32 thread = bpf_get_current_pid_tgid();
	const enum pw_way way = pw_current_way(PW_NR_BIND);
	struct pw_call *call = way == PW_WAY_NONE ? 0 : pw_begin_bind(ctx, way, family);

	if (call &&
	    bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &call->work,
	                                       &pw_calls, came_back, 0)) {
		bpf_map_delete_elem(&pw_calls, &thread);
		pw_count_loss();
	}
	return 1;
}

SEC("cgroup/bind4")
int pw_task_work_bind4(struct bpf_sock_addr *ctx)
{
	return binding(ctx, AF_INET);
}

SEC("cgroup/bind6")
int pw_task_work_bind6(struct bpf_sock_addr *ctx)
{
	return binding(ctx, AF_INET6);
}
