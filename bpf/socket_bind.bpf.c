// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// socket_bind.bpf.c - PW_BIND: a socket took a port by bind(2).
//
// cgroup/post_bind, because it runs for every way to bind (native, 32-bit,
// io_uring, kernel sockets), never in an interrupt, is never skipped, and knows
// the port that bind(0) got. What takes a port without it: listen() on an
// unbound socket (socket_listen.bpf.c), connect (socket_connect.bpf.c).
// A later program of somebody else may still deny: an answer re-reads the port.
#include "bpf/emit.bpf.h"

static __always_inline int bound(struct bpf_sock *ctx)
{
	struct sock *sk = (void *)ctx;
	struct pw_element *element;

	if (!pw_port_protocol(sk))
		return 1;
	element = pw_track(ctx);
	if (!element)
		return 1;
	pw_took_port(element);
	pw_emit_socket(PW_BIND, sk, element->id, 1, element->since_ns);
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
