/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - what the hooks share. Defined in maps.bpf.c, once in each object;
 * all objects but the first use the maps of the first (userspace/source/
 * failure_hooks.cpp).
 *
 * pw_sockets, pw_parents, pw_ring, pw_counters and pw_told may be pinned and go on
 * from one daemon to the next; the rest is each daemon's own.
 */
#ifndef PORTWATCH_BPF_MAPS_H
#define PORTWATCH_BPF_MAPS_H

#include "bpf/events.h"
#include "bpf/kernel_types.h"

/* What we keep with a tracked socket; it lives and dies with the sock. */
struct pw_element {
	__u64 id;       /* 0 only while the element is being created */
	__u64 since_ns; /* when it took its port; 0: before our time */
	/* The sock itself. Some contexts give a pointer that may be handed to
	 * helpers but not read; stored here it comes back as a plain address. */
	__u64 sk;
	__u32 released;  /* the last reference was dropped: it lingers or dies */
	__u32 listening; /* PW_TRIES_*: a listen(2) is under way */
	__u32 let_go;    /* it stopped listening and its port, an automatic one, went */
	__u32 reserved;
	__u64 pictured;         /* number of the picture that has it last */
	struct pw_task creator; /* pid 0: not seen */
	/* As a hook read it first, for what never changes; inode 0: not yet. */
	struct pw_socket socket;
};

/* struct pw_element.listening */
#define PW_TRIES_BOUND 1 /* with the port that it had */
#define PW_TRIES_NEW 2   /* it has none yet */

/* The membership set: every socket that took a port, or may take one without
 * telling. Filled by the socket hooks and by the tagging iterators; emptied by
 * the kernel when a sock is freed. */
struct pw_sockets_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pw_element);
};
extern struct pw_sockets_map pw_sockets SEC(".maps");

/* Processes that may hold a tracked socket: initial-namespace tgid -> start.
 * Only their forks, execs and exits are told. Filled by the socket hooks, by
 * the holder iterator and by fork; emptied by exit. When an entry was pushed
 * out, its holders are found by the full pass instead: slower, not wrong. */
struct pw_owners_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
};
extern struct pw_owners_map pw_owners SEC(".maps");

/* Parents of those who took a port or failed to: initial-namespace tgid -> start.
 * Their end makes orphans, so it is told too; forks and execs are not. Filled by the
 * socket hooks, emptied by exit. */
struct pw_parents_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
};
extern struct pw_parents_map pw_parents SEC(".maps");

struct pw_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
};
extern struct pw_ring_map pw_ring SEC(".maps");

/* By CPU; as many as the host may have, set before load. Userspace reads it with every
 * answer, so it is mapped there. */
struct pw_counters_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pw_counters);
};
extern struct pw_counters_map pw_counters SEC(".maps");

/* Only userspace reads and writes it. */
struct pw_told_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pw_told);
};
extern struct pw_told_map pw_told SEC(".maps");

/* A bind (or a connect that takes a port) between its first hook and its result.
 * socket.id is 0 until PW_BIND is told for this very attempt. */
struct pw_attempt {
	__u64 sk;                /* address: names the sock, nothing more */
	struct pw_socket socket; /* address and port as asked for */
};

struct pw_call {
	struct bpf_task_work work; /* of the task_work tier; the kernel's own */
	struct pw_attempt attempt;
};

/* Attempts of system calls: thread -> call. Filled by the first hook, read by
 * post_bind, emptied by the result, on every way out of the call. */
struct pw_calls_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct pw_call);
};
extern struct pw_calls_map pw_calls SEC(".maps");

/* Attempts of rings: address of the struct socket -> attempt. Least recently used,
 * because a request may say that it wants no completion when it succeeds. */
struct pw_ring_attempts_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct pw_attempt);
};
extern struct pw_ring_attempts_map pw_ring_attempts SEC(".maps");

/* Set before load. */
extern const volatile __u32 pw_pid_namespace; /* inode number, the daemon's */
/* Every kind of program may call bpf_get_current_cgroup_id(); in 6.1 sockops may not
 * (nor bpf_get_current_pid_tgid()). */
extern const volatile __u32 pw_cgroup_by_helper;

/* Written by userspace: it reads the ring by a timer for now, nobody need wake it. */
extern __u32 pw_attentive;

/* Drawn with an atomic add; starts at the boot time in ns, so that a later daemon
 * draws larger ones. */
extern __u64 pw_next_id;

#endif
