#include "fallback/snapshot.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "fallback/fd_scan.h"
#include "fallback/holders.h"
#include "fallback/silent_sockets.h"
#include "userspace/source/process_reader.h"

namespace portwatch {
namespace {

// The bindings of one look at the tables; holders are not known yet.
struct Picture {
  std::vector<Binding> bindings;
  std::vector<Missing> missing;
  std::optional<FdScan> scan;  // of all sockets, where that was needed anyway
};

Binding to_binding(const SocketRecord& socket, const Namespace& where,
                   std::optional<std::uint64_t> cookie) {
  Binding binding;
  binding.endpoint = socket.local;
  binding.state = socket.state;
  binding.id = socket_id(socket, where.inode);
  binding.inode = socket.inode;
  binding.netns = where.inode;
  binding.netns_cookie = cookie;
  binding.netns_name = where.name;
  binding.ipv6_only = socket.ipv6_only;
  binding.reuse_addr = socket.reuse_addr;
  binding.reuse_port = socket.reuse_port;
  binding.interface = socket.interface;
  return binding;
}

// The paths of one MPTCP connection are several TCP sockets with one inode and
// mostly one port: one socket to its process, one binding here.
void drop_twins(std::vector<Binding>& bindings) {
  std::set<std::tuple<std::string, Endpoint>> seen;
  bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                [&](const Binding& b) {
                                  return !seen.emplace(b.id, b.endpoint).second;
                                }),
                 bindings.end());
}

bool may_be_tcp(const Question& question) {
  return !question.protocol || covers(*question.protocol, Protocol::tcp) ||
         covers(*question.protocol, Protocol::mptcp);
}

class LinuxSnapshot final : public SnapshotReader {
 public:
  LinuxSnapshot(std::unique_ptr<SocketTables> tables, const Clock& clock)
      : tables_(std::move(tables)), processes_(clock) {}

  Source source() const override { return tables_->source(); }
  Result<Answer> read(const Question& question) override;

 private:
  bool must_search_silent(const Question& question) const {
    return !question.listening && may_be_tcp(question) &&
           !tables_->shows_silent_sockets();
  }
  Result<Picture> look(const NamespaceView& view, const Question& question);
  Result<void> add_silent(const NamespaceView& view, Picture& picture,
                          const std::vector<std::uint64_t>& in_tables,
                          const Question& question);
  Result<void> find_holders(const NamespaceView& view, const Question& question,
                            std::optional<FdScan> scan, Answer& answer);
  Result<void> settle_unexplained(const NamespaceView& view,
                                  const Question& question, bool complete,
                                  HolderDescriber& describer, Answer& answer);

  std::unique_ptr<SocketTables> tables_;
  ProcessReader processes_;
};

Result<Picture> LinuxSnapshot::look(const NamespaceView& view,
                                    const Question& question) {
  const bool search = must_search_silent(question);
  TableQuery query;
  query.connected = true;
  if (!search) {  // the search needs to know every socket that is in a table
    query = {question.port, question.protocol, question.listening,
             question.connected || question.port.has_value()};
  }
  Picture picture;
  std::vector<std::uint64_t> in_tables;
  std::vector<std::optional<std::uint64_t>> cookies;
  for (const Namespace& where : view.namespaces) {
    auto table = tables_->read(where, query);
    if (!table) {
      return table.error();
    }
    for (const SocketRecord& socket : table->sockets) {
      in_tables.push_back(socket.inode);
      Binding binding = to_binding(socket, where, table->netns_cookie);
      if (admits(question, binding)) {
        picture.bindings.push_back(std::move(binding));
      }
    }
    std::move(table->missing.begin(), table->missing.end(),
              std::back_inserter(picture.missing));
  }
  if (!search && must_search_silent(question)) {
    return look(view, question);  // only now it is known
  }
  if (search) {
    std::sort(in_tables.begin(), in_tables.end());
    if (const auto added = add_silent(view, picture, in_tables, question); !added) {
      return added.error();
    }
  }
  drop_twins(picture.bindings);
  if (question.port) {
    hide_served_connections(picture.bindings);
  }
  return picture;
}

Result<void> LinuxSnapshot::add_silent(const NamespaceView& view, Picture& picture,
                                       const std::vector<std::uint64_t>& in_tables,
                                       const Question& question) {
  auto silent = find_silent_sockets(in_tables, view.namespaces);
  if (!silent) {
    return silent.error();
  }
  for (const SilentSocket& found : silent->sockets) {
    Binding binding = to_binding(found.socket, *found.where, found.netns_cookie);
    if (admits(question, binding)) {
      picture.bindings.push_back(std::move(binding));
    }
  }
  for (const Port port : silent->uncertain) {
    if (!question.port || *question.port == port) {
      picture.missing.push_back(
          {"sockets", "a TCP socket without connection may still hold port " +
                          std::to_string(port)});
    }
  }
  std::move(silent->missing.begin(), silent->missing.end(),
            std::back_inserter(picture.missing));
  picture.scan = std::move(silent->scan);
  return {};
}

// Sockets that nobody was found to hold: most often they were closed between
// the two looks, so look again and keep what is still there.
Result<void> LinuxSnapshot::settle_unexplained(const NamespaceView& view,
                                               const Question& question,
                                               bool complete,
                                               HolderDescriber& describer,
                                               Answer& answer) {
  auto again = look(view, question);
  if (!again) {
    return again.error();
  }
  std::set<std::string> still;
  for (const Binding& binding : again->bindings) {
    still.insert(binding.id);
  }
  auto& bindings = answer.bindings;
  bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                [&](const Binding& b) {
                                  return b.inode != 0 && !b.held_by &&
                                         still.count(b.id) == 0;
                                }),
                 bindings.end());
  // What a closed socket left behind: an orphan, a TIME_WAIT.
  for (Binding& binding : again->bindings) {
    if (binding.inode == 0) {
      bindings.push_back(std::move(binding));
    }
  }
  drop_twins(bindings);
  const auto left = unexplained_inodes(bindings);
  if (!complete || left.empty()) {
    return {};
  }
  const auto deep = scan_fds({false, left}, ScanDepth::threads);
  if (!deep) {
    return deep.error();
  }
  describer.attach(bindings, deep->found);
  for (Binding& binding : bindings) {
    if (binding.inode != 0 && !binding.held_by) {
      binding.holders.emplace();  // seen everywhere: nobody has a descriptor
    }
  }
  return {};
}

Result<void> LinuxSnapshot::find_holders(const NamespaceView& view,
                                         const Question& question,
                                         std::optional<FdScan> scan,
                                         Answer& answer) {
  const auto wanted = unexplained_inodes(answer.bindings);
  if (wanted.empty()) {
    return {};
  }
  if (!scan) {
    auto fresh = scan_fds({false, wanted}, ScanDepth::processes);
    if (!fresh) {
      return fresh.error();
    }
    scan = std::move(*fresh);
  }
  const auto gaps = holder_gaps(*scan);
  HolderDescriber describer(processes_);
  describer.attach(answer.bindings, scan->found);
  if (!unexplained_inodes(answer.bindings).empty()) {
    const auto settled =
        settle_unexplained(view, question, gaps.empty(), describer, answer);
    if (!settled) {
      return settled.error();
    }
  }
  const bool pid_hidden =
      question.pid &&
      std::binary_search(scan->refused.begin(), scan->refused.end(), *question.pid);
  if (question.pid) {
    auto& bindings = answer.bindings;
    bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                  [&](const Binding& b) {
                                    return !held_by_pid(b, *question.pid);
                                  }),
                   bindings.end());
  }
  const bool matters =
      pid_hidden || std::any_of(answer.bindings.begin(), answer.bindings.end(),
                                [](const Binding& b) { return b.inode != 0; });
  for (const Missing& gap : gaps) {
    if (matters) {
      answer.miss(gap);
    }
  }
  return {};
}

Result<Answer> LinuxSnapshot::read(const Question& question) {
  auto view = find_namespaces(question.netns.value_or(0));
  if (!view) {
    return view.error();
  }
  auto picture = look(*view, question);
  if (!picture) {
    return picture.error();
  }
  Answer answer;
  answer.source = source();
  answer.confidence = Confidence::snapshot;
  answer.bindings = std::move(picture->bindings);
  const auto found =
      question.holders
          ? find_holders(*view, question, std::move(picture->scan), answer)
          : Result<void>();
  if (!found) {
    return found.error();
  }
  name_processless(answer.bindings);
  if (view->gap) {
    answer.miss(*view->gap);
  }
  for (Missing& gap : picture->missing) {
    answer.miss(std::move(gap));
  }
  sort_bindings(answer.bindings,
                question.own_netns != 0 ? question.own_netns : view->own);
  return answer;
}

}  // namespace

std::unique_ptr<SnapshotReader> make_linux_snapshot(
    std::unique_ptr<SocketTables> tables, const Clock& clock) {
  return std::make_unique<LinuxSnapshot>(std::move(tables), clock);
}

}  // namespace portwatch
