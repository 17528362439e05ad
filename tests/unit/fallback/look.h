// look.h - one look through a real backend, for the live tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fallback/fallback.h"
#include "userspace/source/netns.h"

namespace portwatch::test {

inline Answer look(Source source, const Question& question) {
  const SystemClock clock;
  auto reader = make_snapshot_reader(source, clock);
  if (!reader) {
    ADD_FAILURE() << reader.error().context;
    return {};
  }
  auto answer = (*reader)->read(question);
  if (!answer) {
    ADD_FAILURE() << answer.error().context;
    return {};
  }
  return *answer;
}

// Everything on the port, in one namespace only.
inline Question about(Port port, std::uint32_t netns) {
  Question question;
  question.port = port;
  question.netns = netns;
  return question;
}

inline std::string source_name(const testing::TestParamInfo<Source>& source) {
  return std::string(to_string(source.param));
}

}  // namespace portwatch::test
