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
    Answer answer = whole;
    std::erase_if(answer.bindings, [&](const Binding& binding) {
      return !admits(question, binding) ||
             (question.pid && !held_by_pid(binding, *question.pid));
    });
    return answer;
  }

  Status status() override {
    ++statuses;
    return about;
  }
};

}  // namespace portwatch
