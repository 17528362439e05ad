// pins.h - a directory in bpffs that carries maps and links from one daemon to the
// next, so that the hooks go on recording while nobody reads.
//
// Source: bpf(2) BPF_OBJ_PIN, Documentation/bpf; a pinned object lives until the
// file is removed. Layout of the directory:
//   DIRECTORY/portwatch-LAYOUT/{pw_sockets,pw_ring,...,link_pw_post_bind4,...}
// LAYOUT is a digest of what both sides of the maps agree on (bpf/events.h,
// bpf/maps.bpf.h): what another version left there with another layout is removed,
// never read.
// Threads: one. Nothing else in DIRECTORY is touched.
#pragma once

#include <memory>
#include <string>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

class Pins {
 public:
  // Makes the directory if need be and locks it. Errors: not_supported (no bpffs
  // there), not_permitted (cannot write, or others could), busy (another daemon).
  static Result<std::unique_ptr<Pins>> open(const std::string& directory);

  const std::string& directory() const { return directory_; }
  std::string path_of(const std::string& name) const { return ours_ + "/" + name; }
  // A pinned map, program or link; invalid: there is none.
  UniqueFd get(const std::string& name) const;
  // Pins what `fd` names in place of what was pinned under that name.
  Result<void> put(const std::string& name, int fd) const;
  // Removes every pin of this layout, and the directories.
  void remove_all() const;

 private:
  explicit Pins(const std::string& directory);
  Result<void> open_directory();
  void remove_other_layouts() const;

  std::string directory_;
  std::string ours_;
  UniqueFd lock_;
};

}  // namespace portwatch
