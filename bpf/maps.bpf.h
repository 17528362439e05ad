/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - what the hooks share. Defined in maps.bpf.c.
 *
 * pw_sockets, pw_ring, pw_counters and pw_told may be pinned and go on from one
 * daemon to the next; the rest is each daemon's own.
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
	__u32 released; /* the last reference was dropped: it lingers or dies */
	__u32 let_go;   /* it stopped listening and its port, an automatic one, went */
	struct pw_task creator; /* pid 0: not seen */
};

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

struct pw_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
};
extern struct pw_ring_map pw_ring SEC(".maps");

struct pw_counters_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
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

/* Set before load. */
extern const volatile __u32 pw_pid_namespace; /* inode number, the daemon's */

/* What pw_dump has found: the elements whose id has pw_picture_part in the bits of
 * pw_picture_mask, and how many there are of those. Not by bpf_seq_write(): the kernel
 * fills 32 KiB a read and finds the way back by counting from the start of a bucket, of
 * which there are as many as CPUs. With 100,000 sockets that takes seconds, and an
 * element that dies meanwhile makes it pass over a live one. */
#define PW_PICTURE_SIZE 65536 /* 7 MiB */
extern struct pw_socket_entry pw_picture[PW_PICTURE_SIZE];
extern __u64 pw_picture_count;
extern __u64 pw_picture_mask;
extern __u64 pw_picture_part;

/* Written by userspace before it reads an iterator; one reader at a time. */
extern __u32 pw_wanted_port; /* 0: every port */
/* Holder iterator: 1: also track what is not tracked; 2: that only, write nothing. */
extern __u32 pw_tag_found;

/* Written by userspace: it reads the ring by a timer for now, nobody need wake it. */
extern __u32 pw_attentive;

/* Written by the holder iterator: descriptors of process 1 were seen. Some
 * hosts hide their init from iterators; userspace must know. */
extern __u32 pw_saw_init;

/* Drawn with an atomic add; starts at the boot time in ns, so that a later daemon
 * draws larger ones. */
extern __u64 pw_next_id;

#endif
