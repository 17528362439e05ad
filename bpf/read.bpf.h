/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * read.bpf.h - from the kernel's structures to the records of events.h.
 *
 * Only probe reads: a wild pointer reads as zero, it never faults. One costs 20 ns,
 * whatever its size. (Loads through BTF pointers, where they are allowed, gain 4 % of a
 * bind's hooks: measured, not worth a second way.)
 */
#ifndef PORTWATCH_BPF_READ_H
#define PORTWATCH_BPF_READ_H

#include "bpf/maps.bpf.h"

/* Nesting that we follow; the kernel allows 32, containers use 1 to 3. */
#define PW_PID_LEVELS 8
#define PW_INIT_PID_NAMESPACE 0xEFFFFFFCU /* PROC_PID_INIT_INO */

/* The protocol of a sock that has ports; 0 for raw, ICMP and non-inet ones,
 * whose skc_num means something else. */
static __always_inline __u16 pw_protocol_with_ports(const __u16 family, const __u16 type,
                                                    const __u16 protocol)
{
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (type == SOCK_STREAM)
		return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP ? protocol : 0;
	if (type == SOCK_DGRAM)
		return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ? protocol
		                                                              : 0;
	return 0;
}

static __always_inline __u16 pw_port_protocol(struct sock *sk)
{
	return pw_protocol_with_ports(BPF_CORE_READ(sk, __sk_common.skc_family),
	                              BPF_CORE_READ(sk, sk_type),
	                              BPF_CORE_READ(sk, sk_protocol));
}

static __always_inline __u64 pw_inode(struct socket *socket)
{
	struct socket_alloc *alloc = (void *)socket; /* socket is its first member */

	return socket ? BPF_CORE_READ(alloc, vfs_inode.i_ino) : 0;
}

/* MPTCP binds and listens on a subflow, a kernel sock whose sk_socket is the
 * application's: the logical socket is that one's sock. */
static __always_inline int pw_is_mptcp(struct sock *sk, struct socket *socket,
                                       __u16 protocol)
{
	if (protocol == IPPROTO_MPTCP)
		return 1;
	if (protocol != IPPROTO_TCP || !socket)
		return 0;
	struct sock *owner = BPF_CORE_READ(socket, sk);
	return owner && owner != sk && BPF_CORE_READ(owner, sk_protocol) == IPPROTO_MPTCP;
}

/* A copy of the first part of a sock: 136 bytes from 5.10 to 6.18. */
struct pw_common {
	__u64 words[24];
};

static __always_inline const struct sock_common *pw_copy_common(struct pw_common *copy,
                                                                struct sock *sk)
{
	const __u32 size = bpf_core_type_size(struct sock_common);

	bpf_probe_read_kernel(copy, size < sizeof(*copy) ? size : sizeof(*copy),
	                      __builtin_preserve_access_index(&sk->__sk_common));
	return (const struct sock_common *)copy;
}

static __always_inline __u8 pw_socket_flags(struct sock *sk,
                                            const struct sock_common *common)
{
	__u8 flags = 0;

	if (BPF_CORE_READ_BITFIELD(common, skc_reuse))
		flags |= PW_SOCKET_REUSEADDR;
	if (BPF_CORE_READ_BITFIELD(common, skc_reuseport))
		flags |= PW_SOCKET_REUSEPORT;
	if (BPF_CORE_READ_BITFIELD(common, skc_ipv6only))
		flags |= PW_SOCKET_V6ONLY;
	if (BPF_CORE_READ(sk, sk_userlocks) & SOCK_BINDPORT_LOCK)
		flags |= PW_SOCKET_LOCKED;
	return flags;
}

static __always_inline void pw_copy_local_end(struct pw_socket *out,
                                              const struct sock_common *common)
{
	out->port = common->skc_num;
	if (out->family == AF_INET6)
		__builtin_memcpy(out->address, common->skc_v6_rcv_saddr.in6_u.u6_addr8,
		                 sizeof(out->address));
	else
		__builtin_memcpy(out->address, &common->skc_rcv_saddr,
		                 sizeof(common->skc_rcv_saddr));
}

static __always_inline void pw_read_local_end(struct pw_socket *out, struct sock *sk)
{
	struct pw_common copy;

	pw_copy_local_end(out, pw_copy_common(&copy, sk));
}

/* What a sock with a struct socket keeps for its life. */
static __always_inline void pw_read_fixed(struct pw_socket *out, struct sock *sk,
                                          const struct sock_common *common)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	struct net *net = common->skc_net.net;

	out->inode = pw_inode(socket);
	out->netns = BPF_CORE_READ(net, ns.inum);
	if (bpf_core_field_exists(net->net_cookie))
		out->netns_cookie = BPF_CORE_READ(net, net_cookie);
	out->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (pw_is_mptcp(sk, socket, out->protocol)) {
		out->protocol = IPPROTO_MPTCP;
		out->flags |= PW_SOCKET_MPTCP;
	} else if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock)) {
		out->flags |= PW_SOCKET_KERNEL;
	}
}
#define PW_FIXED_FLAGS (PW_SOCKET_MPTCP | PW_SOCKET_KERNEL)

static __always_inline void pw_read_live(struct pw_socket *out, struct sock *sk,
                                         const struct sock_common *common)
{
	out->interface = common->skc_bound_dev_if;
	out->family = common->skc_family; /* IPV6_ADDRFORM changes it */
	out->state = common->skc_state;
	out->flags |= pw_socket_flags(sk, common);
	out->uid = BPF_CORE_READ(sk, sk_uid.val); /* and fchown(2) that */
	pw_copy_local_end(out, common);
}

/* out must be zeroed. */
static __always_inline void pw_read_socket(struct pw_socket *out, struct sock *sk, __u64 id)
{
	struct pw_common copy;
	const struct sock_common *common = pw_copy_common(&copy, sk);

	out->id = id;
	pw_read_fixed(out, sk, common);
	pw_read_live(out, sk, common);
}

/* The same of a tracked one, which remembers what it can; a third of the time. */
static __always_inline void pw_read_tracked(struct pw_socket *out, struct sock *sk,
                                            struct pw_element *element)
{
	struct pw_common copy;
	const struct sock_common *common;

	if (!element->socket.inode) {
		pw_read_socket(out, sk, element->id);
		element->socket = *out;
		return;
	}
	common = pw_copy_common(&copy, sk);
	*out = element->socket;
	out->flags &= PW_FIXED_FLAGS;
	__builtin_memset(out->address, 0, sizeof(out->address));
	pw_read_live(out, sk, common);
}

/* The pid of a group leader in the daemon's pid namespace; 0 = not in it. */
static __always_inline __u32 pw_pid_of(struct task_struct *leader)
{
	struct pid *pid;
	void *number;
	__u32 level;

	if (pw_pid_namespace == PW_INIT_PID_NAMESPACE)
		return BPF_CORE_READ(leader, tgid);
	pid = BPF_CORE_READ(leader, thread_pid);
	level = BPF_CORE_READ(pid, level);
	number = __builtin_preserve_access_index(&pid->numbers[0]);
#pragma unroll
	for (__u32 i = 0; i < PW_PID_LEVELS; i++) {
		struct upid *at = number + i * bpf_core_type_size(struct upid);

		if (i <= level && BPF_CORE_READ(at, ns, ns.inum) == pw_pid_namespace)
			return BPF_CORE_READ(at, nr);
	}
	return 0;
}

/* In the v2 hierarchy. */
static __always_inline __u64 pw_cgroup_id_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* out must be zeroed; task may be any thread. The cgroup is the caller's to fill in:
 * of the current task there is a faster way to it. */
static __always_inline void pw_read_task(struct pw_task *out, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent, group_leader);

	out->pid = pw_pid_of(leader);
	out->ppid = pw_pid_of(parent);
	out->uid = BPF_CORE_READ(task, cred, euid.val);
	out->start_ns = BPF_CORE_READ(leader, start_boottime);
	out->parent_start_ns = BPF_CORE_READ(parent, start_boottime);
	BPF_CORE_READ_STR_INTO(&out->comm, leader, comm);
}

#endif
