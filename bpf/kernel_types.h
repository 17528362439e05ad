/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel_types.h - the kernel fields that we read, and no others.
 *
 * Names are the kernel's; offsets are relocated at load time (CO-RE), so order
 * and gaps here mean nothing. A name with ___ is a flavour: the same type as it
 * was in another kernel.
 */
#ifndef PORTWATCH_BPF_KERNEL_TYPES_H
#define PORTWATCH_BPF_KERNEL_TYPES_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};
struct net {
	struct ns_common ns;
	__u64 net_cookie;
};
typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_rcv_saddr;
	__u16 skc_num; /* host byte order; 0 = holds no port */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	unsigned char skc_ipv6only : 1;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_rcv_saddr;
};

struct list_head {
	struct list_head *next;
};
struct wait_queue_entry {
	unsigned int flags;
	void *private;
	struct list_head entry;
};
struct poll_table_entry {
	struct file *filp; /* holds a reference while the call sleeps */
	struct wait_queue_entry wait;
};
struct wait_queue_head {
	struct list_head head;
};
struct socket_wq {
	struct wait_queue_head wait;
};

typedef struct {
	__u32 val;
} kuid_t;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u32 sk_txhash; /* 0 until the first connect has got past its local port */
	kuid_t sk_uid;
	__u16 sk_type;
	__u16 sk_protocol;
	__u8 sk_userlocks;
	__u8 sk_kern_sock : 1;
};
struct socket {
	enum {
		SS_FREE,
		SS_UNCONNECTED, /* no connect has got past its first steps */
	} state;
	struct sock *sk;
	struct socket_wq wq;
};
struct inode {
	unsigned long i_ino;
};
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

typedef struct {
	__s64 counter;
} atomic64_t;
typedef struct {
	atomic64_t refcnt;
} file_ref_t;

struct qstr {
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev; /* null: not hashed */
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};
struct vfsmount {
	struct dentry *mnt_root;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	file_ref_t f_ref; /* since 6.13; holds the references minus one */
	struct path f_path;
	void *private_data;
};
struct file___before_6_13 {
	atomic64_t f_count;
};

struct pid_namespace {
	struct ns_common ns;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
typedef struct {
	int counter;
} atomic_t;
struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags; /* SIGNAL_* */
};
struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

struct kernfs_node {
	struct kernfs_node *__parent; /* since 6.15 */
	const char *name;
	__u64 id;
};
struct kernfs_node___before_6_15 {
	struct kernfs_node *parent;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct css_set {
	struct cgroup *dfl_cgrp; /* in the v2 hierarchy */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	atomic_t count;
	struct fdtable *fdt;
};
struct cred {
	kuid_t euid;
};
struct thread_info {
	__u32 status; /* x86: TS_* */
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags; /* PF_* */
	int pid;
	int tgid;
	int exit_code;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct files_struct *files;
	struct mm_struct *mm;
	struct css_set *cgroups;
	const struct cred *cred;
	char comm[16];
};

struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long orig_ax;
	unsigned long ax;
#elif defined(__TARGET_ARCH_arm64)
	__u64 regs[31];
	__s32 syscallno;
#endif
};

struct io_cqe {
	__s32 res;
};
struct io_kiocb {
	struct file *file;
	__u8 opcode;
	struct io_cqe cqe;
};

struct tcp_sock;
struct udp_sock;
struct seq_file;
struct bpf_map {
	__u32 id;
};
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};
struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};
struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};
struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
};

#pragma clang attribute pop

/* A field of a map's value that the kernel (6.18) knows by this name and size. */
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));

/* include/uapi and include/net values that linux/bpf.h does not carry. */
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP 262
#define SOCK_BINDPORT_LOCK 8   /* include/net/sock.h */
#define WQ_FLAG_EXCLUSIVE 0x01 /* include/linux/wait.h */
#define TCP_SYN_SENT 2         /* include/net/tcp_states.h */
#define TCP_TIME_WAIT 6
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define TCP_NEW_SYN_RECV 12
#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */
#define EAGAIN 11
#define EADDRINUSE 98
#define EADDRNOTAVAIL 99

#endif
