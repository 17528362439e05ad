// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ring_results.bpf.c - PW_FAILURE of a bind by io_uring.
//
// Such a bind is no system call: its result is in the completion, which may come in
// another thread of the process. A refused listen is seen by state_results.bpf.c.
// tp_btf, because it needs no tracefs; the field is read from the request, because the
// arguments of the tracepoint have changed.
#include "bpf/failure.bpf.h"

#define PW_OP_CODE_BIND 56 /* IORING_OP_BIND, include/uapi/linux/io_uring.h, 6.11 */

SEC("tp_btf/io_uring_complete")
int pw_ring_complete(__u64 *ctx)
{
	struct io_kiocb *request = (void *)(long)ctx[1];
	struct pw_attempt *attempt;
	__u64 socket;

	if (!request || BPF_CORE_READ(request, opcode) != PW_OP_CODE_BIND)
		return 0;
	socket = (__u64)(long)BPF_CORE_READ(request, file, private_data);
	attempt = bpf_map_lookup_elem(&pw_ring_attempts, &socket);
	if (!attempt)
		return 0;
	pw_settle(attempt, PW_OP_BIND, BPF_CORE_READ(request, cqe.res));
	bpf_map_delete_elem(&pw_ring_attempts, &socket);
	return 0;
}
