// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// process.bpf.c - PW_FORK, PW_EXEC, PW_EXIT of processes that may hold a
// tracked socket; all others cost a hash lookup and no record.
//
// exec ends the membership: most descriptors are CLOEXEC, and a service manager
// that holds sockets would make owners of all its descendants. Who keeps a
// socket through exec is found by the next full pass and is a member again.
//
// tp_btf, because it needs no tracefs and no perf event, and because these three
// run in task context, where the recursion guard does not bite.
#include "bpf/emit.bpf.h"

static __always_inline int is_owner(struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);

	return bpf_map_lookup_elem(&pw_owners, &tgid) != 0;
}

static __always_inline struct pw_process_record *about(__u32 kind, struct task_struct *task)
{
	struct pw_process_record *record = pw_reserve(kind, sizeof(*record));

	if (record)
		pw_read_task(&record->task, task);
	return record;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(pw_process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct pw_process_record *record;

	/* A new thread shares everything with its process. */
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid) || !is_owner(parent))
		return 0;
	pw_own(child);
	record = about(PW_FORK, parent);
	if (!record)
		return 0;
	record->child_pid = pw_pid_of(child);
	record->child_start_ns = BPF_CORE_READ(child, start_boottime);
	pw_submit(record);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(pw_process_exec, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct pw_process_record *record;

	if (!is_owner(task))
		return 0;
	bpf_map_delete_elem(&pw_owners, &tgid);
	record = about(PW_EXEC, task);
	if (record)
		pw_submit(record);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(pw_process_exit, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct pw_process_record *record;

	/* The process ends with its last thread, which need not be the leader. */
	if (BPF_CORE_READ(task, signal, live.counter) || !is_owner(task))
		return 0;
	bpf_map_delete_elem(&pw_owners, &tgid);
	record = about(PW_EXIT, task);
	if (record)
		pw_submit(record);
	return 0;
}
