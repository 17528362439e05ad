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
  Verdict verdict;                    // what why() says; its request is the asker's
  EventsAnswer failed;                // what failures() says
  // The same of one call after the other, when there are any.
  std::vector<EventsAnswer> failed_pages;
  EventsAnswer looping;               // what loops() says
  std::vector<BindRequest> requests;  // of why()
  std::vector<HistoryQuestion> past;  // of failures(), loops() and history()

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

  Result<Verdict> why(const BindRequest& request) override {
    requests.push_back(request);
    if (broken) {
      return *broken;
    }
    Verdict answer = verdict;
    answer.request = request;
    return answer;
  }

  Result<EventsAnswer> failures(const HistoryQuestion& question) override {
    return of_the_past(question, past.size() < failed_pages.size()
                                     ? failed_pages[past.size()]
                                     : failed);
  }

  Result<EventsAnswer> loops(const HistoryQuestion& question) override {
    return of_the_past(question, looping);
  }

  Result<Answer> history(const HistoryQuestion& question) override {
    return of_the_past(question, whole);
  }

  Status status() override {
    ++statuses;
    return about;
  }

 private:
  // Narrows nothing: the question is there to be looked at.
  template <class T>
  Result<T> of_the_past(const HistoryQuestion& question, const T& content) {
    past.push_back(question);
    if (broken) {
      return *broken;
    }
    return content;
  }
};

}  // namespace portwatch
