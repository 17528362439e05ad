#include "fallback/snapshot.h"

#include <algorithm>
#include <set>

#include "fallback/holders.h"
#include "fallback/mptcp_check.h"
#include "fallback/picture.h"
#include "userspace/source/process_reader.h"

namespace portwatch {
namespace {

template <class Condition>
void drop_if(std::vector<Binding>& bindings, Condition condition) {
  bindings.erase(std::remove_if(bindings.begin(), bindings.end(), condition),
                 bindings.end());
}

// One question: first the bindings, then who holds them.
class Look {
 public:
  Look(SocketTables& tables, ProcessReader& processes, const NamespaceView& view,
       const Question& question)
      : tables_(tables), describer_(processes), view_(view), question_(question) {}

  Result<Answer> take() {
    auto picture = take_picture(tables_, view_, question_);
    if (!picture) {
      return picture.error();
    }
    answer_.source = tables_.source();
    answer_.confidence = Confidence::snapshot;
    answer_.bindings = std::move(picture->bindings);
    if (question_.holders) {
      const auto found = find_holders(*picture);
      if (!found) {
        return found.error();
      }
    }
    name_processless(answer_.bindings);
    narrow();
    note_gaps(*picture);
    sort_bindings(answer_.bindings,
                  question_.own_netns != 0 ? question_.own_netns : view_.own);
    return std::move(answer_);
  }

 private:
  Result<void> find_holders(Picture& picture) {
    const auto wanted = unexplained_inodes(answer_.bindings);
    if (wanted.empty()) {
      return {};
    }
    if (picture.scan) {
      scan_ = std::move(*picture.scan);
    } else {
      auto scan = scan_fds({false, wanted}, ScanDepth::processes);
      if (!scan) {
        return scan.error();
      }
      scan_ = std::move(*scan);
    }
    mark_mptcp(answer_.bindings, picture.maybe_mptcp, scan_.found);
    describer_.attach(answer_.bindings, scan_.found);
    gaps_ = holder_gaps(scan_);
    return unexplained_inodes(answer_.bindings).empty() ? Result<void>()
                                                        : settle_unexplained();
  }

  // Sockets that nobody was found to hold. Most often they were closed between
  // the look at the tables and the look at the descriptors: look again, and
  // keep what is still there.
  Result<void> settle_unexplained() {
    auto again = take_picture(tables_, view_, question_);
    if (!again) {
      return again.error();
    }
    drop_vanished(again->bindings);
    for (Binding& binding : again->bindings) {
      if (binding.inode == 0) {  // what a closed socket left behind
        answer_.bindings.push_back(std::move(binding));
      }
    }
    drop_twins(answer_.bindings);
    const auto left = unexplained_inodes(answer_.bindings);
    return !gaps_.empty() || left.empty() ? Result<void>() : search_threads(left);
  }

  void drop_vanished(const std::vector<Binding>& now) {
    std::set<std::string> there;
    for (const Binding& binding : now) {
      there.insert(binding.id);
    }
    drop_if(answer_.bindings, [&](const Binding& b) {
      return b.inode != 0 && !b.held_by && there.count(b.id) == 0;
    });
  }

  // Everything is visible and no process has it: perhaps a single thread has.
  // If not, nobody has a descriptor. Whether it is the kernel's own socket (of a
  // VXLAN device) or one in flight cannot be told apart here: held_by stays
  // empty.
  Result<void> search_threads(const std::vector<std::uint64_t>& inodes) {
    const auto deep = scan_fds({false, inodes}, ScanDepth::threads);
    if (!deep) {
      return deep.error();
    }
    describer_.attach(answer_.bindings, deep->found);
    for (Binding& binding : answer_.bindings) {
      if (binding.inode != 0 && !binding.held_by) {
        binding.holders.emplace();
      }
    }
    return {};
  }

  void narrow() {
    drop_if(answer_.bindings, [this](const Binding& b) {
      return !admits(question_, b) ||
             (question_.pid && !held_by_pid(b, *question_.pid));
    });
  }

  void note_gaps(Picture& picture) {
    const auto& bindings = answer_.bindings;
    const bool pid_is_hidden =
        question_.pid && std::binary_search(scan_.refused.begin(),
                                            scan_.refused.end(), *question_.pid);
    const bool somebody_holds =
        std::any_of(bindings.begin(), bindings.end(),
                    [](const Binding& b) { return b.inode != 0; });
    for (Missing& gap : gaps_) {
      if (somebody_holds || pid_is_hidden) {
        answer_.miss(std::move(gap));
      }
    }
    if (view_.gap) {
      answer_.miss(*view_.gap);
    }
    for (Missing& gap : picture.missing) {
      answer_.miss(std::move(gap));
    }
  }

  SocketTables& tables_;
  HolderDescriber describer_;
  const NamespaceView& view_;
  const Question& question_;
  Answer answer_;
  FdScan scan_;
  std::vector<Missing> gaps_;  // of the search for holders
};

class LinuxSnapshot final : public SnapshotReader {
 public:
  LinuxSnapshot(std::unique_ptr<SocketTables> tables, const Clock& clock)
      : tables_(std::move(tables)), processes_(clock) {}

  Source source() const override { return tables_->source(); }

  Result<Answer> read(const Question& question) override {
    const auto view = find_namespaces(question.netns.value_or(0));
    if (!view) {
      return view.error();
    }
    return Look(*tables_, processes_, *view, question).take();
  }

 private:
  std::unique_ptr<SocketTables> tables_;
  ProcessReader processes_;
};

}  // namespace

std::unique_ptr<SnapshotReader> make_linux_snapshot(
    std::unique_ptr<SocketTables> tables, const Clock& clock) {
  return std::make_unique<LinuxSnapshot>(std::move(tables), clock);
}

}  // namespace portwatch
