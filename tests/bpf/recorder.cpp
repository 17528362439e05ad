#include "tests/bpf/recorder.h"

#include <bpf/bpf.h>

#include "userspace/source/skeleton.h"

namespace portwatch::test {

std::size_t HookTest::calls_in_flight() const {
  const int map = bpf_map__fd(session_->skeleton().maps.pw_calls);
  std::size_t count = 0;
  __u32 thread = 0;
  for (const __u32* before = nullptr;
       bpf_map_get_next_key(map, before, &thread) == 0; before = &thread) {
    ++count;
  }
  return count;
}

}  // namespace portwatch::test
