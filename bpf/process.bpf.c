// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// process.bpf.c - PW_FORK, PW_EXEC, PW_EXIT of processes that may hold a
// tracked socket, PW_EXIT of those that failed to get one and of the parents of
// both; all others cost a hash lookup or two and no record.
//
// exec ends the membership: most descriptors are CLOEXEC, and a service manager
// that holds sockets would make owners of all its descendants. Who keeps a
// socket through exec is found by the next full pass and is a member again.
//
// tp_btf, because it needs no tracefs and no perf event, and because these three
// run in task context, where the recursion guard does not bite.
#include "bpf/details.bpf.h"
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

/* As wait(2) gives it: of exit_group(2) and of signals the signal_struct's, else what
 * the leader said when it ended, which may be long ago. */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

static __always_inline int forget(void *map, __u32 tgid, __u64 start)
{
	const __u64 *known = bpf_map_lookup_elem(map, &tgid);
	const int same = known && *known == start;

	if (known)
		bpf_map_delete_elem(map, &tgid);
	return same;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(pw_process_exit, struct task_struct *task)
{
	const __u32 tgid = BPF_CORE_READ(task, tgid);
	struct pw_exit_record *record;
	__u64 start;
	int told;

	/* The process ends with its last thread, which need not be the leader. */
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	start = BPF_CORE_READ(task, group_leader, start_boottime);
	told = forget(&pw_owners, tgid, start);
	told |= forget(&pw_parents, tgid, start);
	if (!told)
		return 0;
	record = pw_reserve(PW_EXIT, sizeof(*record));
	if (!record)
		return 0;
	pw_read_task(&record->task, task);
	record->wait_status = wait_status(task);
	if (BPF_CORE_READ(task, mm))
		pw_read_details(&record->details, task);
	pw_submit(record);
	return 0;
}
