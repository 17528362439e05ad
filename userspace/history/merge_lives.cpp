#include "userspace/history/merge_lives.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace portwatch {
namespace {

// One pass over the rows: each stays, or what it says goes into an earlier one.
class Merge {
 public:
  explicit Merge(std::vector<HistoryRow>& rows) : rows_(rows), gone_(rows.size()) {}

  Freed run() {
    const std::size_t before = bytes();
    for (at_ = 0; at_ < rows_.size(); ++at_) {
      std::visit([this](auto& row) { take(row); }, rows_[at_]);
    }
    const std::size_t count = rows_.size();
    open_.clear();  // its keys are the rows'
    std::size_t index = 0;
    std::erase_if(rows_, [&](const HistoryRow&) { return gone_[index++]; });
    return {count - rows_.size(), before - bytes()};
  }

 private:
  void take(BindingTaken& row) {
    BindingTaken* known = open(row.binding.id);
    if (row.existing) {  // what is known stands
      gone_[at_] = known != nullptr && known->binding.since.has_value();
      if (!gone_[at_]) {  // what follows must not overtake it
        open_.erase(row.binding.id);
      }
    } else if (known != nullptr) {
      if (known->binding.since) {
        row.binding.since = known->binding.since;
      }
      std::swap(known->binding, row.binding);
      gone_[at_] = true;
    } else {
      open_.insert_or_assign(row.binding.id, at_);
    }
  }

  void take(BindingReleased& row) {
    const auto found = open_.extract(row.binding.id);
    if (found.empty()) {
      return;
    }
    auto& known = std::get<BindingTaken>(rows_[found.mapped()]);
    const auto since =
        known.binding.since ? known.binding.since : row.binding.since;
    if (!since) {
      return;  // when it was first seen is in that row alone
    }
    BindingReleased whole{std::move(known.binding), row.until, true};
    whole.binding.since = since;
    rows_[found.mapped()] = std::move(whole);
    gone_[at_] = true;
  }

  void take(LiveBindings&) { open_.clear(); }  // compares what is written so far
  void take(PastEvent&) {}
  void take(ProcessEnded&) {}

  // The row by which it was taken, if that is among these.
  BindingTaken* open(const std::string& id) {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr
                                : &std::get<BindingTaken>(rows_[found->second]);
  }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const HistoryRow& row : rows_) {
      sum += size_of(row);
    }
    return sum;
  }

  std::vector<HistoryRow>& rows_;
  std::vector<bool> gone_;
  std::size_t at_ = 0;
  std::unordered_map<std::string, std::size_t> open_;  // by Binding::id
};

}  // namespace

Freed merge_lives(std::vector<HistoryRow>& rows) { return Merge(rows).run(); }

}  // namespace portwatch
