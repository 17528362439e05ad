#include "tests/support/foreign_program.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>

#include "userspace/source/cgroup_root.h"

namespace portwatch::test {
namespace {

void check_bpf(bool ok, const char* what) {
  if (!ok) {
    throw std::system_error(errno, std::generic_category(), what);
  }
}

constexpr bpf_insn load_word(int to, int from, int offset) {
  return {BPF_LDX | BPF_MEM | BPF_W, static_cast<__u8>(to), static_cast<__u8>(from),
          static_cast<__s16>(offset), 0};
}
constexpr bpf_insn store_word(int to, int offset, int from) {
  return {BPF_STX | BPF_MEM | BPF_W, static_cast<__u8>(to), static_cast<__u8>(from),
          static_cast<__s16>(offset), 0};
}
constexpr bpf_insn set(int to, int value) {
  return {BPF_ALU64 | BPF_MOV | BPF_K, static_cast<__u8>(to), 0, 0, value};
}
constexpr bpf_insn skip_unless(int is, int value, int instructions) {
  return {BPF_JMP | BPF_JNE | BPF_K, static_cast<__u8>(is), 0,
          static_cast<__s16>(instructions), value};
}
constexpr bpf_insn kEnd = {BPF_JMP | BPF_EXIT, 0, 0, 0, 0};

UniqueFd load(bpf_prog_type type, bpf_attach_type attach, const char* name,
              std::span<const bpf_insn> code) {
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = attach;
  UniqueFd program(
      bpf_prog_load(type, name, "GPL", code.data(), code.size(), &options));
  check_bpf(program.valid(), name);
  return program;
}

}  // namespace

std::string cgroup_root_path() {
  const auto root = open_cgroup_root();
  if (!root) {
    throw std::runtime_error(root.error().context);
  }
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(root->directory.get());
  check_bpf(readlink(link.c_str(), path.data(), path.size() - 1) > 0, "readlink");
  return path.data();
}

FreshCgroup::FreshCgroup(const std::string& below)
    : own_(cgroup_root_path() + "/portwatch-test-" + std::to_string(getpid())),
      path_(own_ + below) {
  std::filesystem::create_directories(path_);
}

FreshCgroup::~FreshCgroup() {
  for (std::string path = path_; path.size() >= own_.size();
       path.erase(path.rfind('/'))) {
    rmdir(path.c_str());
  }
}

void FreshCgroup::take_in(pid_t pid) const {
  std::ofstream(path_ + "/cgroup.procs") << pid;
}

UniqueFd load_port_rewriter(Port from, Port to) {
  constexpr int kPort = offsetof(bpf_sock_addr, user_port);
  const std::array code = {load_word(2, 1, kPort),
                           skip_unless(2, htons(from), 2),
                           set(2, htons(to)),
                           store_word(1, kPort, 2),
                           set(0, 1),
                           kEnd};
  return load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND, "rewriter",
              code);
}

UniqueFd load_port_refuser(Port port) {
  const std::array code = {load_word(2, 1, offsetof(bpf_sock, src_port)), set(0, 1),
                           skip_unless(2, port, 1), set(0, 0), kEnd};
  return load(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND, "refuser",
              code);
}

Attached::Attached(const std::string& cgroup, const UniqueFd& program,
                   int attach_type, Sharing sharing)
    : cgroup_(open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      program_(program.get()),
      type_(attach_type) {
  check_bpf(
      bpf_prog_attach(program_, cgroup_.get(), static_cast<bpf_attach_type>(type_),
                      sharing == Sharing::multi ? BPF_F_ALLOW_MULTI : 0) == 0,
      "cannot attach");
}

Attached::~Attached() {
  bpf_prog_detach2(program_, cgroup_.get(), static_cast<bpf_attach_type>(type_));
}

}  // namespace portwatch::test
