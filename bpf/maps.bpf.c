// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// maps.bpf.c - the definitions behind maps.bpf.h, once for the whole object.
#include "bpf/maps.bpf.h"

struct pw_sockets_map pw_sockets SEC(".maps");
struct pw_owners_map pw_owners SEC(".maps");
struct pw_ring_map pw_ring SEC(".maps");
struct pw_counters_map pw_counters SEC(".maps");
struct pw_told_map pw_told SEC(".maps");

const volatile __u32 pw_pid_namespace = 0;
struct pw_socket_entry pw_picture[PW_PICTURE_SIZE];
__u64 pw_picture_count = 0;
__u64 pw_picture_mask = 0;
__u64 pw_picture_part = 0;
__u32 pw_wanted_port = 0;
__u32 pw_tag_found = 0;
__u32 pw_attentive = 0;
__u32 pw_saw_init = 0;
__u64 pw_next_id = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
