/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * emit.bpf.h - the only place that reserves ring space and counts loss.
 */
#ifndef PORTWATCH_BPF_EMIT_H
#define PORTWATCH_BPF_EMIT_H

#include "bpf/read.bpf.h"

/* A zeroed record of `size` bytes with its header filled, or NULL: then the
 * loss is counted, and userspace takes a new picture when it sees the count. */
static __always_inline void *pw_reserve(__u32 kind, const __u64 size)
{
	const __u32 zero = 0;
	struct pw_counters *mine = bpf_map_lookup_elem(&pw_counters, &zero);
	struct pw_header *header;
	__u64 seq;

	if (!mine)
		return 0; /* cannot be: the array has this entry */
	/* Before the reserve, so that a refused record leaves a hole. Atomic: on
	 * a preemptible kernel two hooks can meet on one CPU. */
	seq = __sync_fetch_and_add(&mine->seq, 1) + 1;
	header = bpf_ringbuf_reserve(&pw_ring, size, 0);
	if (!header) {
		__sync_fetch_and_add(&mine->drops, 1);
		return 0;
	}
	__builtin_memset(header, 0, size);
	header->kind = kind;
	header->cpu = bpf_get_smp_processor_id();
	header->seq = seq;
	header->boot_ns = bpf_ktime_get_boot_ns();
	return header;
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
	pw_read_task(out, (struct task_struct *)bpf_get_current_task());
	out->cgroup_id = bpf_get_current_cgroup_id();
}

static __always_inline void pw_own(struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u64 start = BPF_CORE_READ(task, group_leader, start_boottime);

	bpf_map_update_elem(&pw_owners, &tgid, &start, BPF_ANY);
}

static __always_inline void pw_count_storage_failure(void)
{
	const __u32 zero = 0;
	struct pw_counters *mine = bpf_map_lookup_elem(&pw_counters, &zero);

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

/* One socket record about `sk`. by_current: the current task did it. since_ns: when
 * it took its port, if it did so just now, else 0: whoever reads the record and
 * whoever reads the element must name the same instant. */
static __always_inline void pw_emit_socket(__u32 kind, struct sock *sk, __u64 id,
                                           int by_current, __u64 since_ns)
{
	struct pw_socket_record *record = pw_reserve(kind, sizeof(*record));

	if (!record)
		return;
	pw_read_socket(&record->socket, sk, id);
	if (by_current)
		pw_read_current(&record->task);
	if (since_ns)
		record->header.boot_ns = since_ns;
	pw_submit(record);
}

/* Remembers in the element that the current task took the port just now. */
static __always_inline void pw_took_port(struct pw_element *element)
{
	element->let_go = 0;
	element->since_ns = bpf_ktime_get_boot_ns();
	pw_read_current(&element->creator);
	pw_own((struct task_struct *)bpf_get_current_task());
}

#endif
