#!/usr/bin/env bash
# inside.sh - what an administrator and an ordinary user do, in the container.
#
# Every line that begins with "ok" was checked; the first failure ends it.
set -Eeuo pipefail
socket=/run/portwatch/io.portwatch
service=portwatchd.service
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

fail() {
  echo "FAILED: $*"
  systemctl --no-pager status portwatchd.socket "$service" || true
  journalctl --no-pager --unit "$service" | tail -n 40 || true
  exit 1
}
ok() { echo "ok   $*"; }
property() { systemctl show --property "$1" --value "$service"; }
active() { [ "$(systemctl is-active "$1" || true)" = active ] || fail "$1 is not active"; }

# An ordinary user's question; the listener's pid, user and unit must be in it.
ask() {  # WHEN
  local answer
  answer=$(runuser -u nobody -- portwatch who 5055 --json) ||
    fail "$1: portwatch who 5055 says $? to nobody"
  for part in '"pid":'"$listener"'[,}]' '"user":"alice"' '"port":5055[,}]'; do
    grep -qE -- "$part" <<<"$answer" || fail "$1: no $part in $answer"
  done
  ok "$1: nobody learns that alice's $listener holds 5055 ($(
    grep -oE '"(source|confidence)":"[a-z_]+"' <<<"$answer" | tr '\n' ' '))"
}

cp -a /payload/install/. /
systemctl daemon-reload
systemd-analyze verify --man=no --recursive-errors=yes \
  "/usr/lib/systemd/system/$service" /usr/lib/systemd/system/portwatchd.socket
ok "systemd-analyze verify"

systemctl --quiet enable --now "$service"
active "$service"
active portwatchd.socket
[ "$(systemctl is-enabled portwatchd.socket)" = enabled ]
[ "$(stat -c %a $socket)" = 666 ]
ok "enable --now brings service and socket"

useradd --system alice
systemd-run --quiet --unit=listener --uid=alice -p Type=notify -p NotifyAccess=all \
  /usr/bin/python3 /payload/listener.py 5055
listener=$(systemctl show --property MainPID --value listener.service)
ask "started after the daemon"

before=$(property MainPID)
systemctl reload "$service"
active "$service"
[ "$(property MainPID)" = "$before" ]
ask "after a reload"

# A unit that systemd restarts for ever, on a port that is taken: one alert, with
# unit, cause and blocker; one end after it is mended; the hook got exactly those.
mkdir -p /etc/portwatch/hooks.d
cat >/etc/portwatch/hooks.d/note <<'HOOK'
#!/bin/sh
{ cat; echo; } >>/run/portwatch-hook
HOOK
chmod 755 /etc/portwatch/hooks.d/note
cat >/etc/portwatch/portwatchd.toml <<'TOML'
[detect.crash_loop]
reset_after = "1s"
[[hook]]
on = ["crashLoop", "loopEnded"]
exec = ["/etc/portwatch/hooks.d/note"]
TOML
systemctl reload "$service"
systemd-run --quiet --no-block --unit=crasher -p Restart=always -p RestartSec=0 \
  -p StartLimitIntervalSec=0 -p Type=notify -p NotifyAccess=all \
  /usr/bin/python3 /payload/listener.py 5055
told() {  # EVENT: the first one, or nothing after a minute
  portwatch watch --json --port 5055 --event "$1" -n 1000 --count 1 --timeout 60s
}
loop=$(told crashLoop) || fail "no crashLoop of crasher.service"
for part in '"kind":"unit","name":"crasher.service"' '"cause":"bind: EADDRINUSE"' \
  '"pid":'"$listener"'[,}]' '"code":1[,}]'; do
  grep -qE -- "$part" <<<"$loop" || fail "no $part in $loop"
done
ok "a crash loop of a unit is told with its blocker"
systemctl stop listener.service
ended=$(told loopEnded) || fail "no loopEnded of crasher.service"
grep -q '"name":"crasher.service"' <<<"$ended" || fail "who ended? $ended"
[ "$(portwatch watch --json --port 5055 --event crashLoop --event loopEnded \
  -n 1000 --timeout 0.2s | wc -l)" = 2 ] || fail "more than one crashLoop and loopEnded"
for _ in $(seq 100); do
  [ "$(grep -c . /run/portwatch-hook)" != 2 ] || break
  sleep 0.1
done
[ "$(grep -c . /run/portwatch-hook)" = 2 ] || fail "hook: $(cat /run/portwatch-hook)"
journalctl --no-pager -o json PORTWATCH_EVENT=crashLoop | grep -q crasher.service ||
  fail "no journal entry with PORTWATCH_EVENT=crashLoop"
ok "it ends once, the hook got both, the journal has its fields"
systemctl stop crasher.service
rm /etc/portwatch/portwatchd.toml
systemctl reload "$service"
systemctl reset-failed listener.service 2>/dev/null || true
systemd-run --quiet --unit=listener --uid=alice -p Type=notify -p NotifyAccess=all \
  /usr/bin/python3 /payload/listener.py 5055
listener=$(systemctl show --property MainPID --value listener.service)

mkdir -p /etc/portwatch
echo 'clients = "many' >/etc/portwatch/portwatchd.toml
systemctl reload "$service" || true
active "$service"
[ "$(property MainPID)" = "$before" ]
ask "after a reload with a broken file"
rm /etc/portwatch/portwatchd.toml

# The question waits in the socket until the new daemon takes it.
kill -KILL "$before"
ask "after kill -9"
active "$service"
[ "$(property NRestarts)" = 1 ] || fail "NRestarts is $(property NRestarts)"
[ "$(property MainPID)" != "$before" ]
ok "kill -9 leads to a restart"

systemctl stop "$service" 2>/dev/null
[ "$(property Result)" = success ] || fail "a stop ends in $(property Result)"
[ "$(systemctl is-active "$service" || true)" = inactive ]
[ -S $socket ] || fail "stopping the service took the socket away"
ask "asked while stopped"
active "$service"
ok "a question starts the service"

systemctl stop portwatchd.socket
[ "$(systemctl is-active "$service" || true)" = inactive ]
[ ! -e $socket ] || fail "the socket's file is left behind"
ok "stopping the socket stops the service and removes its file"

# No daemon: the command looks for itself, as root it sees the holder.
portwatch who 5055 --json | grep -qE '"pid":'"$listener"'[,}]'
ok "without a daemon root's portwatch finds the holder by itself"
