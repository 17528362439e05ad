// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// socket_release.bpf.c - PW_RELEASE and PW_DESTROY.
//
// cgroup/sock_release runs exactly once per user socket, when the last
// reference goes (close, exit, kill -9, exec with CLOEXEC, the end of an
// io_uring), with the port still set. Kernel socks and MPTCP subflows never get
// it: for the TCP ones tcp_destroy_sock tells the end. That one is a hint only:
// tracing programs can be skipped by the kernel's recursion guard.
#include "bpf/emit.bpf.h"

SEC("cgroup/sock_release")
int pw_sock_release(struct bpf_sock *ctx)
{
	struct pw_element *element = bpf_sk_storage_get(&pw_sockets, ctx, 0, 0);
	struct sock *sk = (void *)ctx;

	if (element) {
		element->released = 1;
		pw_emit_socket(PW_RELEASE, sk, element);
	} else if (pw_protocol_with_ports(ctx->family, ctx->type, ctx->protocol) ==
	           IPPROTO_MPTCP) {
		/* The element is on the subflow; userspace joins by inode. */
		pw_emit_socket(PW_RELEASE, sk, 0);
	}
	return 1;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(pw_tcp_destroy_sock, struct sock *sk)
{
	struct pw_element *element = bpf_sk_storage_get(&pw_sockets, sk, 0, 0);

	if (element && !element->released) {
		/* First: no picture may show what was told to be gone. */
		element->released = 1;
		pw_emit_socket(PW_DESTROY, sk, element);
	}
	return 0;
}
