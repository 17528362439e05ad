#include "cli/context.h"

#include "cli/exit_code.h"
#include "cli/text.h"

namespace portwatch::cli {

void say(Context& context, const std::string& text) {
  // Nobody can be told that standard error fails.
  (void)context.streams.err.write("portwatch: " + escape(text) + "\n");
}

int deliver(Context& context, const std::string& text, int code) {
  const auto written = context.streams.out.write(text);
  if (written || written.error().code == Errc::closed) {
    return code;
  }
  say(context, "cannot write the answer: " + written.error().context);
  return kCannotKnow;
}

}  // namespace portwatch::cli
