/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * events.h - the contract between the kernel side and userspace.
 *
 * Included by bpf/ (C) and by userspace/source/ (C++). Everything is fixed
 * width, host byte order unless a comment says otherwise, zeroed before it is
 * filled, and checked for size and offset on both sides at the end.
 */
#ifndef PORTWATCH_BPF_EVENTS_H
#define PORTWATCH_BPF_EVENTS_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
typedef std::uint8_t pw_u8;
typedef std::uint16_t pw_u16;
typedef std::uint32_t pw_u32;
typedef std::uint64_t pw_u64;
#define PW_ASSERT(what) static_assert(what, #what)
#define PW_OFFSET(type, field) offsetof(type, field)
#else
typedef unsigned char pw_u8;
typedef unsigned short pw_u16;
typedef unsigned int pw_u32;
typedef unsigned long long pw_u64;
#define PW_ASSERT(what) _Static_assert(what, #what)
#define PW_OFFSET(type, field) __builtin_offsetof(type, field)
#endif

#define PW_COMM_LEN 16 /* TASK_COMM_LEN, with the NUL */

/* struct pw_header.kind */
#define PW_BIND 1   /* socket record: it took socket.port */
#define PW_LISTEN 2 /* socket record: it accepts connections on socket.port */
#define PW_UNLISTEN                                                                        \
	3             /* socket record: it stopped; the port stays if locked. Also of      \
	               * a PW_BIND that was refused after we had told it */
#define PW_RELEASE 4  /* socket record: the last reference is being dropped */
#define PW_DESTROY 5  /* socket record: the sock is gone, no release was seen */
#define PW_CONNECT 6  /* socket record: its port may change without an event */
#define PW_FORK 7     /* process record: task has a new child */
#define PW_EXEC 8     /* process record: task runs another program */
#define PW_EXIT 9     /* exit record: the last thread of task ended */
#define PW_FAILURE 10 /* failure record: the kernel refused a port */

/* struct pw_socket.flags */
#define PW_SOCKET_REUSEADDR 0x01
#define PW_SOCKET_REUSEPORT 0x02
#define PW_SOCKET_V6ONLY 0x04
#define PW_SOCKET_KERNEL 0x08 /* no process ever had a descriptor on it */
#define PW_SOCKET_MPTCP 0x10  /* an MPTCP socket or the subflow that binds for it */
/* Explicit port: kept by shutdown and disconnect. The kernel sets it only after
 * PW_BIND was told. */
#define PW_SOCKET_LOCKED 0x20

/* struct pw_failure_record.operation */
#define PW_OP_BIND 0
#define PW_OP_LISTEN 1
#define PW_OP_CONNECT 2

/* struct pw_details.flags */
#define PW_DETAILS_EXE 0x01     /* exe goes up to the root */
#define PW_DETAILS_DELETED 0x02 /* exe has been unlinked */
#define PW_DETAILS_CGROUP 0x04  /* cgroup goes up to the root */
#define PW_DETAILS_ARGV_CUT 0x08

/* Before every record in the ring. */
struct pw_header {
	pw_u32 kind;
	pw_u32 cpu;     /* that wrote it */
	pw_u64 seq;     /* of that CPU, from 1; a hole is a lost record */
	pw_u64 boot_ns; /* CLOCK_BOOTTIME */
};

/* A process, as the pid namespace of the daemon sees it. */
struct pw_task {
	pw_u32 pid;             /* thread group id; 0 = not visible there, or none */
	pw_u32 ppid;            /* of the real parent; 0 = none visible */
	pw_u32 uid;             /* effective, in the initial user namespace */
	pw_u32 reserved;        /* 0 */
	pw_u64 start_ns;        /* of the group leader, CLOCK_BOOTTIME */
	pw_u64 parent_start_ns; /* the same of the real parent */
	pw_u64 cgroup_id;       /* v2, inode number; 0 = not read */
	char comm[PW_COMM_LEN]; /* of the group leader */
};

/* A socket; the fields of the kernel as they were read. */
struct pw_socket {
	pw_u64 id;           /* drawn by us at first sight; 0 = not tracked */
	pw_u64 inode;        /* sockfs; 0 = no struct socket */
	pw_u64 netns_cookie; /* never reused; 0 = kernel has none */
	pw_u32 netns;        /* inode number, reused */
	pw_u32 interface;    /* bound device, index; 0 = any */
	pw_u16 port;         /* 0 = holds none */
	pw_u16 protocol;     /* IPPROTO_*; of the MPTCP socket for its subflow */
	pw_u8 family;        /* AF_INET, AF_INET6 */
	pw_u8 state;         /* TCP_ESTABLISHED..., for UDP too */
	pw_u8 flags;         /* PW_SOCKET_* */
	pw_u8 reserved;      /* 0 */
	pw_u8 address[16];   /* network byte order; IPv4 in the first 4 */
	pw_u32 uid;          /* its creator's fsuid, in the initial user namespace */
	pw_u32 reserved2;    /* 0 */
};

struct pw_socket_record {
	struct pw_header header;
	struct pw_socket socket;
	struct pw_task task; /* who did it; PW_UNLISTEN, PW_RELEASE, PW_DESTROY: zero */
};

struct pw_process_record {
	struct pw_header header;
	struct pw_task task;
	pw_u32 child_pid; /* PW_FORK; else 0 */
	pw_u32 reserved;
	pw_u64 child_start_ns;
};

#define PW_PARENTS 8
#define PW_CGROUP_LEN 384
#define PW_EXE_LEN 512
#define PW_ARGV_LEN 512

/* What /proc may not show any more when the record is read. A path is its names
 * from the last to the first, each with a NUL; what is beyond a length means
 * nothing. */
struct pw_details {
	pw_u16 cgroup_len; /* v2; 0 with PW_DETAILS_CGROUP: the root */
	pw_u16 exe_len;
	pw_u16 argv_len; /* arguments with their NUL each */
	pw_u8 parent_count;
	pw_u8 flags;                       /* PW_DETAILS_* */
	struct pw_task parent[PW_PARENTS]; /* nearest first; cgroup_id is 0 */
	char cgroup[PW_CGROUP_LEN];
	char exe[PW_EXE_LEN];
	char argv[PW_ARGV_LEN];
};

struct pw_exit_record {
	struct pw_header header;
	struct pw_task task;
	pw_u32 wait_status; /* as wait(2) gives it */
	pw_u32 reserved;
	struct pw_details details; /* all zero: the memory was gone already */
};

struct pw_failure_record {
	struct pw_header header;
	/* Address and port are those asked for: of connect, the local end. */
	struct pw_socket socket;
	struct pw_task task;
	pw_u32 error;     /* errno, positive */
	pw_u32 operation; /* PW_OP_* */
	struct pw_details details;
};

/* One element of the socket storage, as the dump iterator writes it. */
struct pw_socket_entry {
	struct pw_socket socket;
	struct pw_task creator; /* pid 0: it took the port before our time */
	pw_u64 since_ns;        /* CLOCK_BOOTTIME; 0: before our time */
};

/* Where a descriptor on a socket was met. The addresses are names of the kernel's
 * objects, to find them again and to compare. */
struct pw_slot {
	pw_u64 task;  /* address: a thread that uses the descriptor table */
	pw_u64 files; /* address: the descriptor table, shared by CLONE_FILES */
	pw_u64 file;  /* address */
	pw_u64 sk;    /* address: of the application's sock, of MPTCP too */
	pw_u64 inode; /* sockfs */
	pw_u64 id;    /* as in struct pw_socket */
	pw_u32 fd;
	pw_u32 reserved; /* 0 */
};

/* One descriptor of one process, as the holder iterator writes it. */
struct pw_holder_entry {
	struct pw_socket socket;
	struct pw_task task;
	struct pw_slot slot;
	pw_u32 references; /* of the struct file, without the reader's own */
	pw_u32 waiters;    /* of those, held by poll, select and blocked accept */
	pw_u32 sharers;    /* tasks, threads too, that use the descriptor table */
	pw_u32 threads;    /* of this process */
};

/* Slots that one look can take. */
#define PW_MAX_SLOTS 64

/* Counters of one CPU; the sum over CPUs is what counts. A cache line each. */
struct pw_counters {
	pw_u64 seq;              /* records tried */
	pw_u64 drops;            /* of those, refused by a full ring */
	pw_u64 storage_failures; /* sockets that could not be tracked */
	pw_u64 reserved[5];
};

/* What userspace has told its readers as lost, for the daemon that comes after. */
struct pw_told {
	pw_u64 drops;
	pw_u64 storage_failures;
	pw_u64 skipped_runs; /* of the programs that were attached then */
};

PW_ASSERT(sizeof(struct pw_header) == 24);
PW_ASSERT(sizeof(struct pw_task) == 56);
PW_ASSERT(PW_OFFSET(struct pw_task, start_ns) == 16);
PW_ASSERT(PW_OFFSET(struct pw_task, comm) == 40);
PW_ASSERT(sizeof(struct pw_socket) == 64);
PW_ASSERT(PW_OFFSET(struct pw_socket, netns) == 24);
PW_ASSERT(PW_OFFSET(struct pw_socket, port) == 32);
PW_ASSERT(PW_OFFSET(struct pw_socket, address) == 40);
PW_ASSERT(PW_OFFSET(struct pw_socket, uid) == 56);
PW_ASSERT(sizeof(struct pw_socket_record) == 144);
PW_ASSERT(PW_OFFSET(struct pw_socket_record, task) == 88);
PW_ASSERT(sizeof(struct pw_process_record) == 96);
PW_ASSERT(PW_OFFSET(struct pw_process_record, child_pid) == 80);
PW_ASSERT(sizeof(struct pw_details) == 1864);
PW_ASSERT(PW_OFFSET(struct pw_details, parent) == 8);
PW_ASSERT(PW_OFFSET(struct pw_details, cgroup) == 456);
PW_ASSERT(PW_OFFSET(struct pw_details, exe) == 840);
PW_ASSERT(PW_OFFSET(struct pw_details, argv) == 1352);
PW_ASSERT(sizeof(struct pw_exit_record) == 1952);
PW_ASSERT(PW_OFFSET(struct pw_exit_record, details) == 88);
PW_ASSERT(sizeof(struct pw_failure_record) == 2016);
PW_ASSERT(PW_OFFSET(struct pw_failure_record, error) == 144);
PW_ASSERT(PW_OFFSET(struct pw_failure_record, details) == 152);
PW_ASSERT(sizeof(struct pw_socket_entry) == 128);
PW_ASSERT(PW_OFFSET(struct pw_socket_entry, since_ns) == 120);
PW_ASSERT(sizeof(struct pw_slot) == 56);
PW_ASSERT(PW_OFFSET(struct pw_slot, fd) == 48);
PW_ASSERT(sizeof(struct pw_holder_entry) == 192);
PW_ASSERT(PW_OFFSET(struct pw_holder_entry, slot) == 120);
PW_ASSERT(PW_OFFSET(struct pw_holder_entry, waiters) == 180);
PW_ASSERT(sizeof(struct pw_counters) == 64);
PW_ASSERT(sizeof(struct pw_told) == 24);

#endif
