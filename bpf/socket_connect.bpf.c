// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// socket_connect.bpf.c - PW_CONNECT: a port may appear, move or go silently.
//
// connect(2) on UDP takes a port, narrows the address or (AF_UNSPEC) drops both
// with no hook after the fact, so the socket is marked here, before it, and read
// again whenever a question needs it. TCP clients are not tracked: only a TCP
// socket that is tracked already (it was bound before) is told about.
#include "bpf/emit.bpf.h"

static __always_inline int connecting(struct bpf_sock_addr *ctx)
{
	struct pw_socket_record *record;
	struct pw_element *element;
	struct sock *sk;

	if (!ctx->sk)
		return 1;
	if (ctx->protocol == IPPROTO_UDP || ctx->protocol == IPPROTO_UDPLITE)
		element = pw_track(ctx->sk);
	else
		element = bpf_sk_storage_get(&pw_sockets, ctx->sk, 0, 0);
	if (!element)
		return 1;
	element->sk = (__u64)(long)ctx->sk;
	sk = (struct sock *)(long)*(volatile __u64 *)&element->sk;
	if (BPF_CORE_READ(sk, __sk_common.skc_num)) {
		pw_emit_by_current(PW_CONNECT, sk, element);
		return 1;
	}
	pw_took_port(element); /* a moment from now */
	record = pw_reserve_taken(PW_CONNECT, element);
	if (record)
		pw_emit(record, sk, element);
	return 1;
}

SEC("cgroup/connect4")
int pw_connect4(struct bpf_sock_addr *ctx)
{
	return connecting(ctx);
}

SEC("cgroup/connect6")
int pw_connect6(struct bpf_sock_addr *ctx)
{
	return connecting(ctx);
}
