/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holder.bpf.h - one descriptor on a socket, and how many references its file has.
 */
#ifndef PORTWATCH_BPF_HOLDER_H
#define PORTWATCH_BPF_HOLDER_H

#include "bpf/emit.bpf.h"

#define PW_WAITERS 32 /* wait queue entries that we walk */

/* A sleeper in poll or select: its queue entry sits in a poll_table_entry that
 * names our file and holds a reference to it. epoll and io_uring have entries
 * that do not. */
static __always_inline int pw_is_poll(struct wait_queue_entry *entry, struct file *file)
{
	struct poll_table_entry *poll =
		(void *)entry - bpf_core_field_offset(struct poll_table_entry, wait);

	return BPF_CORE_READ(poll, filp) == file;
}

/* A sleeper in accept or recv of the process that is looked at: it holds a
 * reference only when its descriptor table is shared (fdget() takes none
 * otherwise). */
static __always_inline int pw_is_accept(struct wait_queue_entry *entry,
                                        struct files_struct *files)
{
	struct task_struct *task = BPF_CORE_READ(entry, private);

	return task && (BPF_CORE_READ(entry, flags) & WQ_FLAG_EXCLUSIVE) &&
	       BPF_CORE_READ(task, files) == files &&
	       BPF_CORE_READ(files, count.counter) > 1;
}

/* References to the file that blocked system calls hold. The queue is read
 * without its lock: an entry that leaves meanwhile points at itself, and then
 * nothing is claimed. */
static __always_inline __u32 pw_waiters(struct socket *socket, struct file *file,
                                        struct files_struct *files)
{
	struct list_head *head = __builtin_preserve_access_index(&socket->wq.wait.head);
	struct list_head *at = BPF_CORE_READ(head, next);
	__u32 count = 0;

	for (int i = 0; i < PW_WAITERS && at && at != head; i++) {
		struct wait_queue_entry *entry =
			(void *)at - bpf_core_field_offset(struct wait_queue_entry, entry);
		struct list_head *next = BPF_CORE_READ(at, next);

		if (next == at)
			return 0;
		if (pw_is_poll(entry, file) || pw_is_accept(entry, files))
			count++;
		at = next;
	}
	return count;
}

static __always_inline __u32 pw_references(struct file *file)
{
	struct file___before_6_13 *old = (void *)file;

	/* Since 6.13 the counter is one less than the references. */
	if (bpf_core_field_exists(file->f_ref))
		return BPF_CORE_READ(file, f_ref.refcnt.counter) + 1;
	return BPF_CORE_READ(old, f_count.counter);
}

/* entry is zeroed but for slot.fd, which leads `task` to `file`, a socket's. Next:
 * pw_count_references(). */
static __always_inline void pw_read_holder(struct pw_holder_entry *entry,
                                           struct task_struct *task, struct file *file,
                                           struct sock *sk, __u64 id)
{
	struct files_struct *files = BPF_CORE_READ(task, files);

	pw_read_socket(&entry->socket, sk, id);
	pw_read_task(&entry->task, task);
	entry->task.cgroup_id = pw_cgroup_id_of(task);
	entry->slot.task = (__u64)task;
	entry->slot.files = (__u64)files;
	entry->slot.file = (__u64)file;
	entry->slot.sk = (__u64)sk;
	entry->slot.inode = entry->socket.inode;
	entry->slot.id = id;
	entry->sharers = BPF_CORE_READ(files, count.counter);
	entry->threads = BPF_CORE_READ(task, signal, nr_threads);
}

static __always_inline void pw_count_references(struct pw_holder_entry *entry)
{
	struct file *file = (void *)entry->slot.file;

	entry->references = pw_references(file);
	/* A connected stream has other sleepers, which look like poll. */
	if (entry->socket.state == TCP_LISTEN || entry->socket.protocol == IPPROTO_UDP)
		entry->waiters = pw_waiters(BPF_CORE_READ(file, private_data), file,
		                            (void *)entry->slot.files);
}

#endif
