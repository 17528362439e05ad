// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// state_results.bpf.c - PW_FAILURE of listen(2) and of connect(2) over TCP.
//
// Both set the new state before they ask for the port and go back when there is none,
// in the same call: the way back is the failure, and the state says which. It is so for
// every way to call (native, 32-bit, io_uring) and costs one look per change of state.
// A connect that failed for its remote end had a port first.
#include "bpf/failure.bpf.h"

/* sockops' LISTEN_CB, which runs only on success, takes the mark away. */
static __always_inline void begins_to_listen(struct sock *sk)
{
	struct pw_element *element = pw_track(sk);

	if (element)
		element->listening = BPF_CORE_READ(sk, __sk_common.skc_num) ? PW_TRIES_BOUND
		                                                            : PW_TRIES_NEW;
}

static __always_inline int stops_to_try_listen(struct pw_element *element)
{
	if (!element || !element->listening)
		return 0;
	element->listening = 0;
	return 1;
}

/* inet_hash_connect() found no port: the connect has not got so far that it is under
 * way (the state of the struct socket), nor that the flow has its hash. A socket that
 * connected before keeps the hash: of its later failures we do not tell. */
static __always_inline int gives_up_connect(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return socket && BPF_CORE_READ(socket, state) == SS_UNCONNECTED &&
	       !BPF_CORE_READ(sk, sk_txhash);
}

static __always_inline void ends(struct sock *sk, const int listen)
{
	struct pw_element *element = bpf_sk_storage_get(&pw_sockets, sk, 0, 0);
	struct pw_socket asked = {};

	if (listen ? !stops_to_try_listen(element) : !gives_up_connect(sk))
		return;
	pw_read_socket(&asked, sk, element ? element->id : 0);
	if (!(asked.flags & PW_SOCKET_KERNEL))
		pw_tell_failure(&asked, listen ? PW_OP_LISTEN : PW_OP_CONNECT,
		                listen ? EADDRINUSE : EADDRNOTAVAIL);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(pw_set_state, struct sock *sk, int before, int after)
{
	const int begins = before == TCP_CLOSE && after == TCP_LISTEN;

	if (!begins &&
	    (after != TCP_CLOSE || (before != TCP_LISTEN && before != TCP_SYN_SENT)))
		return 0;
	/* Of MPTCP the subflow tells. */
	if (pw_port_protocol(sk) != IPPROTO_TCP)
		return 0;
	if (begins)
		begins_to_listen(sk);
	else
		ends(sk, before == TCP_LISTEN);
	return 0;
}
