// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// socket_listen.bpf.c - PW_LISTEN and PW_UNLISTEN.
//
// sockops, because LISTEN_CB runs only when listen(2) succeeded and with the
// port known (listen() on an unbound socket picks it on the way), and because
// cgroup programs are never skipped, unlike tp_btf/inet_sock_set_state.
// PW_UNLISTEN comes from shutdown(2), connect(AF_UNSPEC) and ss -K, and also on
// the way of every close, after PW_RELEASE.
#include "bpf/emit.bpf.h"

static __always_inline struct sock *plain_sock(struct pw_element *element,
                                               struct bpf_sock *sk)
{
	element->sk = (__u64)(long)sk;
	return (struct sock *)(long)*(volatile __u64 *)&element->sk;
}

static __always_inline void listening(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
	/* Not tracked yet, or without its port since: nobody bound it, listen()
	 * itself took the port. One that was bound before our time is tracked and
	 * keeps its unknown past. (state_results.bpf.c tracks it a moment earlier,
	 * and says so.) */
	struct pw_element *known = bpf_sk_storage_get(&pw_sockets, sk, 0, 0);
	int took_it = !known || known->let_go;
	struct pw_element *element = pw_track(sk);
	struct pw_socket_record *record;

	if (!element)
		return;
	took_it |= element->listening == PW_TRIES_NEW;
	element->listening = 0;
	if (took_it) {
		pw_took_port(element);
		record = pw_reserve_taken(PW_LISTEN, element);
		if (record)
			pw_emit(record, plain_sock(element, sk), element);
	} else {
		pw_emit_by_current(PW_LISTEN, plain_sock(element, sk), element);
	}
	bpf_sock_ops_cb_flags_set(ctx,
	                          ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
}

static __always_inline void stopped(struct bpf_sock *sk)
{
	struct pw_element *element = bpf_sk_storage_get(&pw_sockets, sk, 0, 0);
	struct sock *plain;

	if (!element || element->released)
		return;
	plain = plain_sock(element, sk);
	element->let_go = !(BPF_CORE_READ(plain, sk_userlocks) & SOCK_BINDPORT_LOCK);
	pw_emit_socket(PW_UNLISTEN, plain, element);
}

SEC("sockops")
int pw_sockops(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 1;
	switch (ctx->op) {
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		listening(ctx, sk);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ctx->args[0] == TCP_LISTEN)
			stopped(sk);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		/* Accepted children inherit the flag and have no use for it. */
		if (ctx->bpf_sock_ops_cb_flags & BPF_SOCK_OPS_STATE_CB_FLAG)
			bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags &
			                                       ~BPF_SOCK_OPS_STATE_CB_FLAG);
		break;
	}
	return 1;
}
