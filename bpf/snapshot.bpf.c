// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// snapshot.bpf.c - the kernel's own state, read when somebody asks.
//
// pw_dump:    every tracked socket with its live fields, all namespaces.
// pw_holders: every descriptor on a port-holding socket, of one process or of
//             all that the reader's pid namespace shows. Also starts to
//             track what no hook saw (older than the daemon, or UDP that took
//             a port by sending).
// pw_tag_*:   tracks what has no descriptor, in the network namespace of the
//             task that created the iterator: kernel sockets, MPTCP subflows,
//             listeners in flight. (A TCP socket that is older than the daemon,
//             bound, silent and in flight is in no list of the kernel.)
#include "bpf/holder.bpf.h"

/* What pw_dump has found that no walk for the same picture had found before, and how
 * much that is: more than there is room for needs another walk. Not by
 * bpf_seq_write(): the kernel fills 32 KiB a read and finds the way back by counting
 * from the start of a bucket, of which there are as many as CPUs. With 100,000 sockets
 * that takes seconds, and an element that dies meanwhile makes it pass over a live
 * one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct pw_socket_entry);
} pw_picture SEC(".maps");
__u64 pw_picture_count = 0;
__u64 pw_picture_number = 0; /* set by userspace, never the same twice */

/* Written by userspace before it reads an iterator; one reader at a time. */
__u32 pw_wanted_port = 0; /* 0: every port */
/* Holder iterator: write nothing. */
__u32 pw_only_track = 0;

/* The task whose descriptors are visited; 0 before the first. */
__u64 pw_walked_task = 0;  /* address */
__u64 pw_walked_start = 0; /* when it began: an address may have a second owner */

/* Written by the holder iterator: descriptors of process 1 were seen. Some
 * hosts hide their init from iterators; userspace must know. */
__u32 pw_saw_init = 0;

static __always_inline int is_wanted(__u16 port)
{
	return port && (!pw_wanted_port || port == pw_wanted_port);
}

/* Clients with a port of the kernel's choice and accepted connections are not
 * tracked: there may be a million, and they are read live when asked for. */
static __always_inline int is_worth_tracking(struct sock *sk, __u16 protocol)
{
	const __u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	if (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)
		return 1;
	return state == TCP_LISTEN || state == TCP_CLOSE ||
	       (BPF_CORE_READ(sk, sk_userlocks) & SOCK_BINDPORT_LOCK);
}

SEC("iter/bpf_sk_storage_map")
int pw_dump(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct pw_element *element = ctx->value;
	struct pw_socket_entry *entry;
	struct sock *sk = ctx->sk;
	__u32 place;

	if (!sk || !element || !element->id || element->released)
		return 0;
	if (pw_wanted_port && BPF_CORE_READ(sk, __sk_common.skc_num) != pw_wanted_port)
		return 0;
	if (element->pictured == pw_picture_number)
		return 0;
	place = pw_picture_count++;
	entry = bpf_map_lookup_elem(&pw_picture, &place);
	if (!entry)
		return 0; /* full: the count tells */
	element->pictured = pw_picture_number;
	__builtin_memset(entry, 0, sizeof(*entry));
	pw_read_socket(&entry->socket, sk, element->id);
	entry->creator = element->creator;
	entry->since_ns = element->since_ns;
	return 0;
}

/* Once for each task: its descriptors come in a row. */
static __always_inline void own(struct task_struct *task)
{
	if (pw_walked_task == (__u64)task && pw_walked_start == task->start_boottime)
		return;
	pw_walked_task = (__u64)task;
	pw_walked_start = task->start_boottime;
	pw_own(task);
}

/* A walk over the host visits everything, so it loads what the verifier lets it load
 * and leaves as soon as it can. */
SEC("iter/task_file")
int pw_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct pw_holder_entry entry = {};
	struct pw_element *element;
	struct socket *socket;
	struct sock *sk;
	__u16 protocol;

	if (!task || !file)
		return 0;
	if (task->tgid == 1)
		pw_saw_init = 1;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || !is_wanted(sk->__sk_common.skc_num))
		return 0;
	element = bpf_sk_storage_get(&pw_sockets, sk, 0, 0);
	if (element && pw_only_track) {
		own(task);
		return 0;
	}
	protocol = pw_port_protocol(sk);
	if (!protocol)
		return 0;
	/* Of MPTCP the subflow is tracked; its owner is joined by inode. */
	if (!element && protocol != IPPROTO_MPTCP && is_worth_tracking(sk, protocol))
		element = pw_track(sk);
	if (element || protocol == IPPROTO_MPTCP)
		own(task);
	if (pw_only_track)
		return 0;
	entry.slot.fd = ctx->fd;
	pw_read_holder(&entry, task, file, sk, element ? element->id : 0);
	pw_count_references(&entry);
	entry.references--; /* the iterator's own */
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

SEC("iter/tcp")
int pw_tag_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;

	/* Request and TIME_WAIT minisocks share this list and are no socks. */
	if (!common || common->skc_state == TCP_TIME_WAIT ||
	    common->skc_state == TCP_NEW_SYN_RECV)
		return 0;
	if (!bpf_sk_storage_get(&pw_sockets, common, 0, 0) &&
	    is_worth_tracking((struct sock *)common, IPPROTO_TCP))
		pw_track((struct sock *)common);
	return 0;
}

SEC("iter/udp")
int pw_tag_udp(struct bpf_iter__udp *ctx)
{
	struct sock *sk = (struct sock *)ctx->udp_sk;

	if (sk && is_wanted(BPF_CORE_READ(sk, __sk_common.skc_num)))
		pw_track(sk);
	return 0;
}
