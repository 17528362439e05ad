#include "userspace/history/history_row.h"

#include <utility>

namespace portwatch {
namespace {

std::size_t text_size(const BindingTaken& row) {
  return row.binding.document.size();
}
std::size_t text_size(const BindingReleased& row) {
  return row.binding.document.size();
}
std::size_t text_size(const PastEvent& row) {
  return row.document.size() + row.subject.size();
}
std::size_t text_size(const ProcessEnded& row) { return row.document.size(); }
std::size_t text_size(const LiveBindings& row) {
  return row.ids.size() * sizeof(std::string);
}

}  // namespace

BindingRow binding_row(const Binding& binding, std::string document) {
  BindingRow row;
  row.id = binding.id;
  row.protocol = binding.endpoint.protocol;
  row.port = binding.endpoint.port;
  row.netns = binding.netns;
  row.netns_cookie = binding.netns_cookie;
  row.address = address_text(binding.endpoint);
  row.since = binding.since;
  row.document = std::move(document);
  return row;
}

std::size_t size_of(const HistoryRow& row) {
  return sizeof(HistoryRow) +
         std::visit([](const auto& one) { return text_size(one); }, row);
}

}  // namespace portwatch
