#include "userspace/history/history_row.h"

#include <utility>

namespace portwatch {
namespace {

std::size_t text_size(const Binding& binding) {
  std::size_t size =
      binding.creator ? sizeof(Process) + text_bytes(*binding.creator) : 0;
  if (binding.holders) {
    for (const Process& holder : *binding.holders) {
      size += sizeof(Process) + text_bytes(holder);
    }
  }
  return size;
}
std::size_t text_size(const BindingTaken& row) { return text_size(row.binding); }
std::size_t text_size(const BindingReleased& row) { return text_size(row.binding); }
std::size_t text_size(const PastEvent& row) {
  return row.document.size() + row.subject.size();
}
std::size_t text_size(const ProcessEnded& row) { return row.document.size(); }
std::size_t text_size(const LiveBindings& row) {
  return row.ids.size() * sizeof(std::string);
}

}  // namespace

std::size_t size_of(const HistoryRow& row) {
  return sizeof(HistoryRow) +
         std::visit([](const auto& one) { return text_size(one); }, row);
}

}  // namespace portwatch
