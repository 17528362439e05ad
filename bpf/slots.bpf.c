// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// slots.bpf.c - descriptors that were met before, looked at again.
//
// An iterator visits every descriptor of a process, and costs four system calls; where
// the descriptors are known, this costs one, however many others the process has.
//
// Nothing here is locked: an address that was remembered may lead anywhere by now. So
// a slot counts only where everything still leads back to the same socket, before the
// references are counted and after: what held one at both ends held it between, unless
// a process closed and duplicated the same number within that microsecond, again and
// again. (The whole run is one RCU section: the table that a live task uses is not
// freed during it.)
#include "bpf/holder.bpf.h"

/* Against a process that moves a socket between two numbers without an end, a walk
 * over all descriptors is fooled in some 6 % of the looks, one count in 1, two in 0.24,
 * four in 0.001 to 0.3, by how the two happen to keep step. */
#define PW_COUNTS 4

/* Written by userspace before a run, one at a time. */
struct pw_slot pw_slots[PW_MAX_SLOTS] = {};
__u32 pw_slot_count = 0;

/* The answers, in the same order; all zero: the slot leads there no more. */
struct pw_holder_entry pw_slot_holders[PW_MAX_SLOTS] = {};

/* The thread uses the table, and its descriptor is the file. An exited one has none. */
static __always_inline int leads_to_file(const struct pw_slot *slot)
{
	struct task_struct *task = (void *)slot->task;
	struct files_struct *files = BPF_CORE_READ(task, files);
	struct fdtable *table;
	struct file **all;
	struct file *file = 0;

	if (!files || (__u64)files != slot->files)
		return 0;
	table = BPF_CORE_READ(files, fdt);
	if (slot->fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	all = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), all + slot->fd);
	return file && (__u64)file == slot->file;
}

static __always_inline int leads_to_socket(const struct pw_slot *slot)
{
	struct file *file = (void *)slot->file;
	struct socket *socket = BPF_CORE_READ(file, private_data);

	return (__u64)BPF_CORE_READ(socket, sk) == slot->sk &&
	       pw_inode(socket) == slot->inode;
}

static __always_inline int leads_there(const struct pw_slot *slot)
{
	return leads_to_file(slot) && leads_to_socket(slot);
}

/* Global functions: the verifier looks at them once, not once a turn of a loop. */
__noinline int pw_read_slot(__u32 place)
{
	struct pw_holder_entry *entry;
	const struct pw_slot *slot;

	if (place >= PW_MAX_SLOTS)
		return 0;
	slot = &pw_slots[place];
	entry = &pw_slot_holders[place];
	__builtin_memset(entry, 0, sizeof(*entry));
	if (!leads_there(slot))
		return 0;
	entry->slot.fd = slot->fd;
	pw_read_holder(entry, (void *)slot->task, (void *)slot->file, (void *)slot->sk,
	               slot->id);
	pw_own((void *)slot->task);
	return 0;
}

__noinline int pw_confirm_slot(__u32 place)
{
	struct pw_holder_entry *entry;

	if (place >= PW_MAX_SLOTS)
		return 0;
	entry = &pw_slot_holders[place];
	if (entry->slot.file && !leads_there(&pw_slots[place]))
		__builtin_memset(entry, 0, sizeof(*entry));
	return 0;
}

/* Keeps the most references and the fewest waiters. */
__noinline int pw_count_slot(__u32 place)
{
	struct pw_holder_entry *entry;
	__u32 references, waiters;

	if (place >= PW_MAX_SLOTS)
		return 0;
	entry = &pw_slot_holders[place];
	if (!entry->slot.file)
		return 0;
	references = entry->references;
	waiters = entry->waiters;
	pw_count_references(entry);
	if (references > entry->references)
		entry->references = references;
	if (references && waiters < entry->waiters)
		entry->waiters = waiters;
	return 0;
}

#define PW_EACH_SLOT(i) for (__u32 i = 0; i < PW_MAX_SLOTS && i < pw_slot_count; i++)

/* Attached to nothing: userspace runs it (BPF_PROG_TEST_RUN). */
SEC("raw_tp")
int pw_look_again(void *ctx)
{
	PW_EACH_SLOT(i)
	pw_read_slot(i);
	PW_EACH_SLOT(i)
	pw_confirm_slot(i);
	for (int turn = 0; turn < PW_COUNTS; turn++) {
		PW_EACH_SLOT(i)
		pw_count_slot(i);
		PW_EACH_SLOT(i)
		pw_confirm_slot(i);
	}
	return 0;
}
