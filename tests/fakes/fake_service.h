// fake_service.h - a Service that knows a fixed list of bindings.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "userspace/api/service.h"

namespace portwatch {

class FakeService final : public Service {
 public:
  Answer whole;                 // everything there is, in the order to answer
  Status about;                 // what status() says
  std::optional<Error> broken;  // every answer() is this error
  std::vector<Question> asked;
  std::size_t statuses = 0;           // times that status() was called
  std::function<void()> while_asked;  // runs within answer()

  Result<Answer> answer(const Question& question) override {
    asked.push_back(question);
    if (while_asked) {
      while_asked();
    }
    if (broken) {
      return *broken;
    }
    Answer answer{whole.source, whole.confidence, whole.missing, {}};
    for (const Binding& binding : whole.bindings) {
      if (admits(question, binding) &&
          (!question.pid || held_by_pid(binding, *question.pid))) {
        answer.bindings.push_back(binding);
      }
    }
    return answer;
  }

  Status status() override {
    ++statuses;
    return about;
  }
};

}  // namespace portwatch
