// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// maps.bpf.c - the definitions behind maps.bpf.h, once in each object.
#include "bpf/maps.bpf.h"

struct pw_sockets_map pw_sockets SEC(".maps");
struct pw_owners_map pw_owners SEC(".maps");
struct pw_parents_map pw_parents SEC(".maps");
struct pw_ring_map pw_ring SEC(".maps");
struct pw_counters_map pw_counters SEC(".maps");
struct pw_told_map pw_told SEC(".maps");
struct pw_calls_map pw_calls SEC(".maps");
struct pw_ring_attempts_map pw_ring_attempts SEC(".maps");

const volatile __u32 pw_pid_namespace SEC(".rodata.shared") = 0;
const volatile __u32 pw_cgroup_by_helper SEC(".rodata.shared") = 0;
__u32 pw_attentive SEC(".data.shared") = 0;
__u64 pw_next_id SEC(".data.shared") = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
