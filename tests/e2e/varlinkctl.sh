#!/bin/sh
# varlinkctl.sh SOCKET - does systemd's varlinkctl, unmodified, get along with
# the server at SOCKET? Fetches nothing: VARLINKCTL names the program (or a
# wrapper that runs it with its own libraries); it is in systemd 255 and newer.
# Exit: 0 yes, 1 no, 77 no varlinkctl.
set -u
socket=${1:?usage: varlinkctl.sh /absolute/path/of/the/socket}
varlinkctl=${VARLINKCTL:-varlinkctl}
command -v "$varlinkctl" >/dev/null || { echo "no varlinkctl" >&2; exit 77; }

failed=0
# expect TEXT COMMAND...: the command succeeds and its output has TEXT in it.
expect() {
  text=$1; shift
  if output=$("$varlinkctl" "$@" 2>&1) && printf '%s' "$output" | grep -qF "$text"
  then echo "ok: $*"
  else echo "FAILED: $* gave: $output" >&2; failed=1
  fi
}
# refuse TEXT COMMAND...: the command fails and says TEXT.
refuse() {
  text=$1; shift
  if ! output=$("$varlinkctl" "$@" 2>&1) && printf '%s' "$output" | grep -qF "$text"
  then echo "ok, refused: $*"
  else echo "FAILED: $* gave: $output" >&2; failed=1
  fi
}

expect portwatchd info "$socket"
expect io.portwatch list-interfaces "$socket"
expect io.portwatch.Watch list-methods "$socket" io.portwatch
expect 'method Who' introspect "$socket" io.portwatch
expect 'method GetInfo' introspect "$socket" org.varlink.service
expect '"schema"' call "$socket" io.portwatch.Who '{"port":5055}'
expect '"confidence"' call "$socket" io.portwatch.List '{"listening":true}'
expect '"outcome"' call "$socket" io.portwatch.Why '{"port":5055}'
expect '"events"' call "$socket" io.portwatch.Failures '{"limit":1}'
expect '"active"' call "$socket" io.portwatch.Loops '{}'
expect '"bindings"' call "$socket" io.portwatch.History '{"port":5055}'
expect '"hooks"' call "$socket" io.portwatch.Status '{}'
refuse io.portwatch.InvalidPort call "$socket" io.portwatch.Who '{"port":70000}'
refuse MethodNotFound call "$socket" io.portwatch.Explode '{}'
refuse InvalidParameter call "$socket" io.portwatch.Who '{"port":1,"colour":2}'

# oneway has no output: only its exit code can be looked at.
"$varlinkctl" call --oneway "$socket" io.portwatch.Status '{}' ||
  { echo "FAILED: call --oneway" >&2; failed=1; }

# A stream goes on for ever, so it is ended after a while. There must be an event
# by then: one that the server remembers, or one that somebody causes.
output=$(timeout "${VARLINKCTL_WAIT:-5}" "$varlinkctl" call --more "$socket" \
  io.portwatch.Watch '{"recent":1}' 2>&1)
if printf '%s' "$output" | grep -qF '"event"'
then echo "ok: call --more"
else echo "FAILED: call --more gave: $output" >&2; failed=1
fi
exit $failed
