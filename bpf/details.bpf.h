/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * details.bpf.h - what is known of the current task beyond pw_task: its program, its
 * arguments, its cgroup, its ancestors. For a process that may be gone before
 * userspace reads /proc. Some 5 us: for failures and ends, not for each bind.
 */
#ifndef PORTWATCH_BPF_DETAILS_H
#define PORTWATCH_BPF_DETAILS_H

#include "bpf/read.bpf.h"

#define PW_NAME_LEN 256   /* NAME_MAX, with the NUL */
#define PW_PLACE_MASK 511 /* all places in exe and in cgroup */
#define PW_EXE_STEPS 32   /* names and mounts on the way up */
#define PW_GROUP_STEPS 16 /* cgroups on the way up */

/* Appends a name at `at` and returns where the next one goes; `room` or more: it did
 * not fit. What is written beyond `room` is still in the record: the longest name
 * fits into what follows the array, which is filled later or means nothing. */
static __always_inline __u32 pw_add_name(char *to, __u32 at, const __u32 room,
                                         const void *name)
{
	long length;

	if (at >= room)
		return room;
	/* The compiler knows that this changes nothing; verifiers up to 6.1 forget what
	 * a 32-bit number was compared with when it is put on the stack. */
	barrier_var(at);
	length = bpf_probe_read_kernel_str(to + (at & PW_PLACE_MASK), PW_NAME_LEN, name);
	return length > 0 && length <= PW_NAME_LEN ? at + length : room;
}

/* The path in the mount tree, as /proc/PID/exe shows it. bpf_d_path() is not for
 * these kinds of programs. */
static __always_inline void pw_read_exe(struct pw_details *out, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(mm, exe_file);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct mount *mount = (void *)BPF_CORE_READ(file, f_path.mnt) -
	                      bpf_core_field_offset(struct mount, mnt);
	__u32 at = 0;

	if (!file)
		return;
	if (!BPF_CORE_READ(dentry, d_hash.pprev))
		out->flags |= PW_DETAILS_DELETED;
#pragma clang loop unroll(disable)
	for (int i = 0; i < PW_EXE_STEPS && at < PW_EXE_LEN; i++) {
		struct dentry *above = BPF_CORE_READ(dentry, d_parent);

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *below = mount;

			mount = BPF_CORE_READ(below, mnt_parent);
			if (mount == below) {
				out->flags |= PW_DETAILS_EXE;
				break;
			}
			dentry = BPF_CORE_READ(below, mnt_mountpoint);
		} else if (above == dentry) {
			break; /* a file without a place, as of memfd_create(2) */
		} else {
			at = pw_add_name(out->exe, at, PW_EXE_LEN,
			                 BPF_CORE_READ(dentry, d_name.name));
			dentry = above;
		}
	}
	out->exe_len = at < PW_EXE_LEN ? at : 0;
}

static __always_inline struct kernfs_node *pw_kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ(old, parent);
}

static __always_inline void pw_read_cgroup(struct pw_details *out, struct task_struct *task)
{
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	__u32 at = 0;

	if (!node)
		return;
#pragma clang loop unroll(disable)
	for (int i = 0; i < PW_GROUP_STEPS && at < PW_CGROUP_LEN; i++) {
		struct kernfs_node *above = pw_kernfs_parent(node);

		if (!above) {
			out->flags |= PW_DETAILS_CGROUP;
			break;
		}
		at = pw_add_name(out->cgroup, at, PW_CGROUP_LEN, BPF_CORE_READ(node, name));
		node = above;
	}
	out->cgroup_len = at < PW_CGROUP_LEN ? at : 0;
}

static __always_inline void pw_read_argv(struct pw_details *out, struct mm_struct *mm)
{
	const unsigned long start = BPF_CORE_READ(mm, arg_start);
	unsigned long length = BPF_CORE_READ(mm, arg_end) - start;

	if (length > PW_ARGV_LEN) {
		out->flags |= PW_DETAILS_ARGV_CUT;
		length = PW_ARGV_LEN;
	}
	if (!bpf_probe_read_user(out->argv, length, (void *)start))
		out->argv_len = length;
}

static __always_inline void pw_read_parents(struct pw_details *out,
                                            struct task_struct *task)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < PW_PARENTS; i++) {
		task = BPF_CORE_READ(task, group_leader, real_parent);
		/* The idle task and what our pid namespace does not show. */
		if (!BPF_CORE_READ(task, tgid) ||
		    !pw_pid_of(BPF_CORE_READ(task, group_leader)))
			break;
		pw_read_task(&out->parent[i], task);
		out->parent_count = i + 1;
	}
}

/* out must be zeroed and followed by nothing that was filled; task is the current. In
 * this order: each may spill into the field of the next. */
static __always_inline void pw_read_details(struct pw_details *out,
                                            struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	pw_read_parents(out, task);
	pw_read_cgroup(out, task);
	if (!mm)
		return;
	pw_read_exe(out, mm);
	pw_read_argv(out, mm);
}

#endif
