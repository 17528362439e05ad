// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// socket_bind.bpf.c - PW_BIND: a socket took a port by bind(2).
//
// cgroup/post_bind, because it runs for every way to bind (native, 32-bit,
// io_uring, kernel sockets), never in an interrupt, is never skipped, and knows
// the port that bind(0) got. What takes a port without it: listen() on an
// unbound socket (socket_listen.bpf.c), connect (socket_connect.bpf.c).
// A later program of somebody else may still deny: an answer re-reads the port.
#include "bpf/emit.bpf.h"

/* Who waits for the result of this bind has read the socket a moment ago, and wants
 * to know what was told of it: see failure.bpf.h. */
static __always_inline struct pw_attempt *attempt_of(struct sock *sk)
{
	const __u32 thread = bpf_get_current_pid_tgid();
	struct pw_call *call = bpf_map_lookup_elem(&pw_calls, &thread);
	struct pw_attempt *attempt = call ? &call->attempt : 0;
	__u64 socket;

	if (!attempt) {
		socket = (__u64)(long)BPF_CORE_READ(sk, sk_socket);
		attempt = bpf_map_lookup_elem(&pw_ring_attempts, &socket);
	}
	return attempt && attempt->sk == (__u64)(long)sk ? attempt : 0;
}

static __always_inline void tell(struct sock *sk, struct pw_element *element)
{
	struct pw_socket_record *record = pw_reserve_taken(PW_BIND, element);
	struct pw_attempt *attempt;

	if (!record)
		return;
	attempt = attempt_of(sk);
	if (!attempt)
		return pw_emit(record, sk, element);
	attempt->socket.id = element->id;
	record->socket = attempt->socket;
	pw_read_local_end(&record->socket, sk);
	element->socket = record->socket;
	pw_submit(record);
}

static __always_inline int bound(struct bpf_sock *ctx)
{
	struct sock *sk = (void *)ctx;
	struct pw_element *element;

	if (!pw_protocol_with_ports(ctx->family, ctx->type, ctx->protocol))
		return 1;
	element = pw_track(ctx);
	if (!element)
		return 1;
	pw_took_port(element);
	tell(sk, element);
	return 1;
}

SEC("cgroup/post_bind4")
int pw_post_bind4(struct bpf_sock *ctx)
{
	return bound(ctx);
}

SEC("cgroup/post_bind6")
int pw_post_bind6(struct bpf_sock *ctx)
{
	return bound(ctx);
}
