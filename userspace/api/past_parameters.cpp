#include "userspace/api/past_parameters.h"

namespace portwatch {

HistoryQuestion read_past(Parameters& in) {
  HistoryQuestion question;
  question.port = in.port("port");
  question.protocol = in.protocol("protocol");
  question.netns = in.get<std::uint32_t>("netns");
  question.since = in.get<WallTime>("since");
  question.until = in.get<WallTime>("until");
  question.limit = in.get<std::size_t>("limit").value_or(question.limit);
  if (const auto before = in.get<std::string>("before")) {
    question.before = history_cursor_from(*before);
    if (!question.before) {
      in.reject("before");
    }
  }
  if (question.since && question.until && *question.until < *question.since) {
    in.reject("until");
  }
  if (question.limit == 0 || question.limit > kMaxHistoryRows) {
    in.reject("limit");
  }
  return question;
}

}  // namespace portwatch
