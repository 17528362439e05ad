/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * emit.bpf.h - the only place that reserves ring space and counts loss.
 */
#ifndef PORTWATCH_BPF_EMIT_H
#define PORTWATCH_BPF_EMIT_H

#include "bpf/read.bpf.h"

/* Of this CPU. One that the array has no place for shares the first one's, so that
 * nothing is lost untold. */
static __always_inline struct pw_counters *pw_my_counters(void)
{
	const __u32 cpu = bpf_get_smp_processor_id();
	const __u32 first = 0;
	struct pw_counters *mine = bpf_map_lookup_elem(&pw_counters, &cpu);

	return mine ?: bpf_map_lookup_elem(&pw_counters, &first);
}

/* Takes the next number of this CPU. */
static __always_inline struct pw_counters *pw_number(__u64 *seq)
{
	struct pw_counters *mine = pw_my_counters();

	/* Before the reserve, so that a refused record leaves a hole. Atomic: on
	 * a preemptible kernel two hooks can meet on one CPU. */
	if (mine)
		*seq = __sync_fetch_and_add(&mine->seq, 1) + 1;
	return mine;
}

/* A record that could not even be begun. */
static __always_inline void pw_count_loss(void)
{
	__u64 seq;
	struct pw_counters *mine = pw_number(&seq);

	if (mine)
		__sync_fetch_and_add(&mine->drops, 1);
}

/* A loop of its own: clang has no memset of more than 1 KiB for this target. */
static __always_inline void pw_zero(volatile __u64 *words, const __u32 count)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < count; i++)
		words[i] = 0;
}

/* A zeroed record of `size` bytes with its header filled, or NULL: then the
 * loss is counted, and userspace takes a new picture when it sees the count. */
static __always_inline void *pw_reserve_at(__u32 kind, const __u64 size, __u64 boot_ns)
{
	struct pw_header *header;
	__u64 seq;
	struct pw_counters *mine = pw_number(&seq);

	if (!mine)
		return 0;
	header = bpf_ringbuf_reserve(&pw_ring, size, 0);
	if (!header) {
		__sync_fetch_and_add(&mine->drops, 1);
		return 0;
	}
	if (size <= 1024)
		__builtin_memset(header, 0, size);
	else
		pw_zero((void *)header, size / 8);
	header->kind = kind;
	header->cpu = bpf_get_smp_processor_id();
	header->seq = seq;
	header->boot_ns = boot_ns;
	return header;
}

/* The same of this instant. */
static __always_inline void *pw_reserve(__u32 kind, const __u64 size)
{
	return pw_reserve_at(kind, size, bpf_ktime_get_boot_ns());
}

/* Hands a record over. Waking the daemon costs more than all else here, so while
 * it is attentive it is not woken. It stops being attentive before it looks at the
 * producer position for the last time, and we move that position (by reserving)
 * before we read the flag: the full barrier between, an exchange on memory of our
 * own, makes sure that one of us sees the other. */
static __always_inline void pw_submit(void *record)
{
	struct pw_header *header = record;
	const __u64 seq = header->seq;

	/* One that succeeds: only that is a full barrier everywhere. */
	__sync_val_compare_and_swap(&header->seq, seq, seq);
	bpf_ringbuf_submit(record, pw_attentive ? BPF_RB_NO_WAKEUP : 0);
}

static __always_inline void pw_read_current(struct pw_task *out)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	pw_read_task(out, task);
	out->cgroup_id =
		pw_cgroup_by_helper ? bpf_get_current_cgroup_id() : pw_cgroup_id_of(task);
}

static __always_inline int pw_is_known(void *map, __u32 tgid, __u64 start)
{
	const __u64 *known = bpf_map_lookup_elem(map, &tgid);

	return known && *known == start;
}

/* Most of the time it is there already, and a look costs a third of a write. */
static __always_inline void pw_remember(void *map, __u32 tgid, __u64 start)
{
	if (!pw_is_known(map, tgid, start))
		bpf_map_update_elem(map, &tgid, &start, BPF_ANY);
}

static __always_inline void pw_own(struct task_struct *task)
{
	pw_remember(&pw_owners, BPF_CORE_READ(task, tgid),
	            BPF_CORE_READ(task, group_leader, start_boottime));
}

/* The current task, read as `as`, took a port or failed to: its end is told, and
 * that of its parent, unless this is an init or the kernel. */
static __always_inline void pw_own_current(const struct pw_task *as)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	/* There `as` has the numbers that the maps have. */
	const int is_init_namespace = pw_pid_namespace == PW_INIT_PID_NAMESPACE;
	struct task_struct *parent;
	__u32 parent_tgid;

	pw_remember(&pw_owners, is_init_namespace ? as->pid : BPF_CORE_READ(task, tgid),
	            as->start_ns);
	if (as->ppid == 1 ||
	    (is_init_namespace &&
	     (!as->ppid || pw_is_known(&pw_parents, as->ppid, as->parent_start_ns))))
		return;
	parent = BPF_CORE_READ(task, group_leader, real_parent);
	parent_tgid = BPF_CORE_READ(parent, tgid);
	if (parent_tgid > 1 && !(BPF_CORE_READ(parent, flags) & PF_KTHREAD))
		pw_remember(&pw_parents, parent_tgid, as->parent_start_ns);
}

static __always_inline void pw_count_storage_failure(void)
{
	struct pw_counters *mine = pw_my_counters();

	if (mine)
		__sync_fetch_and_add(&mine->storage_failures, 1);
}

/* Draws the id of a new element. Compare and swap, because a hook and an
 * iterator may meet in it on two CPUs. */
static __always_inline void pw_name(struct pw_element *element)
{
	if (!element->id)
		__sync_val_compare_and_swap(&element->id, 0,
		                            __sync_fetch_and_add(&pw_next_id, 1));
}

/* The element of a sock, made if need be. `context` is what this kind of
 * program may hand to bpf_sk_storage_get(). NULL: no memory, counted. */
#define pw_track(context)                                                                  \
	({                                                                                 \
		struct pw_element *e_ = bpf_sk_storage_get(&pw_sockets, context, 0,        \
		                                           BPF_SK_STORAGE_GET_F_CREATE);   \
		if (e_)                                                                    \
			pw_name(e_);                                                       \
		else                                                                       \
			pw_count_storage_failure();                                        \
		e_;                                                                        \
	})

/* element may be NULL: not tracked. */
static __always_inline void pw_emit(struct pw_socket_record *record, struct sock *sk,
                                    struct pw_element *element)
{
	if (element)
		pw_read_tracked(&record->socket, sk, element);
	else
		pw_read_socket(&record->socket, sk, 0);
	pw_submit(record);
}

/* One socket record about `sk`, by nobody in particular. */
static __always_inline void pw_emit_socket(__u32 kind, struct sock *sk,
                                           struct pw_element *element)
{
	struct pw_socket_record *record = pw_reserve(kind, sizeof(*record));

	if (record)
		pw_emit(record, sk, element);
}

/* The same, done by the current task. */
static __always_inline void pw_emit_by_current(__u32 kind, struct sock *sk,
                                               struct pw_element *element)
{
	struct pw_socket_record *record = pw_reserve(kind, sizeof(*record));

	if (!record)
		return;
	pw_read_current(&record->task);
	pw_emit(record, sk, element);
}

/* Remembers in the element that the current task took the port just now. */
static __always_inline void pw_took_port(struct pw_element *element)
{
	element->let_go = 0;
	element->since_ns = bpf_ktime_get_boot_ns();
	__builtin_memset(&element->creator, 0, sizeof(element->creator));
	pw_read_current(&element->creator);
	pw_own_current(&element->creator);
}

/* A record of the port that pw_took_port() remembered: whoever reads it and whoever
 * reads the element must name the same process and the same instant. */
static __always_inline struct pw_socket_record *
pw_reserve_taken(__u32 kind, const struct pw_element *element)
{
	struct pw_socket_record *record =
		pw_reserve_at(kind, sizeof(*record), element->since_ns);

	if (record)
		record->task = element->creator;
	return record;
}

#endif
