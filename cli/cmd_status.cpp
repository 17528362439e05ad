// cmd_status.cpp - `portwatch status`: does the daemon run, and how does it fare?
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/print.h"
#include "cli/text.h"

namespace portwatch::cli {
namespace {

std::string up_text(const Status& status, const std::string& socket,
                    const OutputOptions& output, Context& context) {
  switch (output.format()) {
    case Format::json:
      return status_json(status, socket);
    case Format::plain:
      return status_plain(status, socket);
    case Format::people:
      break;
  }
  const View view{context.clock.wall_now(), 0, style_for(output, context),
                  context.streams.width};
  return status_page(status, socket, view);
}

std::string next_step(const Error& error, bool named) {
  if (error.code == Errc::not_permitted) {
    return "ask as another user, or look at the rights of the socket";
  }
  if (error.code == Errc::not_found || error.code == Errc::closed) {
    return named ? "start portwatchd there, or ask another socket"
                 : "systemctl start portwatchd";
  }
  return named ? "ask another socket" : "journalctl -u portwatchd";
}

std::string down_text(const Error& error, const std::string& socket, bool named,
                      const OutputOptions& output, Context& context) {
  switch (output.format()) {
    case Format::json:
      return down_json(socket, error.context);
    case Format::plain:
      return "up\tno\nsocket\t" + escape(socket) + "\nreason\t" +
             escape(error.context) + "\n";
    case Format::people:
      break;
  }
  const Style style = style_for(output, context);
  return style.strong("portwatchd does not answer") + "\n" + "  " +
         style.faint("socket       ") + escape(socket) + "\n" + "  " +
         style.faint("why          ") + escape(error.context) + "\n" + "  " +
         style.faint("next         ") + next_step(error, named) + "\n";
}

Result<Status> ask_status(Context& context, const std::string& socket) {
  auto daemon = context.backends.connect(socket, kDaemonTimeout);
  return daemon ? daemon.value()->status() : Result<Status>(daemon.error());
}

}  // namespace

int run_status(Context& context, const std::vector<std::string>& arguments) {
  OutputOptions output;
  WhereOptions where;
  Arguments parser("status [OPTION]...",
                   "Shows what the daemon says about itself.\nExit code: 0 it is "
                   "up, 1 it is down, 3 that cannot be known (rights).");
  declare(parser, output);
  parser.value("--socket", "PATH", where.socket, "ask this daemon");
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  auto sound = check(output);
  sound = sound ? check(where) : sound;
  if (!sound) {
    return parser.refuse(context, sound.error().context);
  }
  const std::string socket = Inquiry(context, where, output).socket_path();
  const auto status = ask_status(context, socket);
  if (status) {
    return output.quiet
               ? kYes
               : deliver(context, up_text(*status, socket, output, context), kYes);
  }
  const bool hidden = status.error().code == Errc::not_permitted;
  const int code = hidden ? kCannotKnow : kNo;
  const bool named = where.socket || context.environment.socket;
  return output.quiet
             ? code
             : deliver(context,
                       down_text(status.error(), socket, named, output, context),
                       code);
}

}  // namespace portwatch::cli
