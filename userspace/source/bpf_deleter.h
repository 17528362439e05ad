// bpf_deleter.h - one deleter for everything that libbpf gives away.
#pragma once

#include <memory>

struct bpf_link;
struct bpf_object;
struct portwatch_bpf;
struct ring_buffer;

namespace portwatch {

struct BpfDeleter {
  void operator()(bpf_link* link) const;
  void operator()(bpf_object* object) const;
  void operator()(portwatch_bpf* skeleton) const;
  void operator()(ring_buffer* ring) const;
};
using BpfLink = std::unique_ptr<bpf_link, BpfDeleter>;

}  // namespace portwatch
