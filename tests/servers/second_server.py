#!/usr/bin/env python3
"""second_server.py - starts real servers twice on one port: is the second one told?

For each server that is installed: the first one listens, the second one fails, and
the daemon must have told of bindFailed with the right program, port, errno and the
first one as the only blocker. Needs root; exits with 1 when one is wrong, and with
77 when none of the servers is installed.

  tests/servers/second_server.py [--build build/dev]

Debian's packages: nginx-light redis-server postgresql nodejs gcc libc6-dev.
"""
import argparse
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
import bench_host  # noqa: E402

PATIENCE = 30  # seconds; every wait has this deadline
C_SERVER = r"""
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  int s = socket(AF_INET, SOCK_STREAM, PROTOCOL), on = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 8)) {
    perror("bind");
    return 1;
  }
  pause();
}
"""
ASYNCIO = """
import asyncio, sys
async def main():
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""
NODE = "require('http').createServer().listen(+process.argv[1], '127.0.0.1')"


def postgres_program():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1] if found else None


class Servers:
    """How each is started: (name, program, command for (port, directory))."""

    def __init__(self, work):
        self.work = pathlib.Path(work)

    def nginx(self, port, directory):
        conf = directory / "nginx.conf"
        conf.write_text(f"pid {directory}/pid; error_log {directory}/log; daemon off;\n"
                        f"events {{}}\nhttp {{ access_log off; "
                        f"server {{ listen 127.0.0.1:{port}; }} }}\n")
        return ["nginx", "-c", str(conf), "-p", str(directory)]

    def redis(self, port, directory):
        return ["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                "--dir", str(directory), "--save", ""]

    def postgres(self, port, directory):
        program = postgres_program()
        user = pwd.getpwnam("postgres")
        os.chown(directory, user.pw_uid, user.pw_gid)
        data = directory / "data"
        as_user = ["setpriv", "--reuid", "postgres", "--regid", "postgres",
                   "--clear-groups"]
        subprocess.run([*as_user, str(program.parent / "initdb"), "-D", str(data)],
                       check=True, capture_output=True, cwd=directory)
        return [*as_user, str(program), "-D", str(data), "-p", str(port), "-k", "",
                "-c", "listen_addresses=127.0.0.1"]

    def node(self, port, _):
        return ["node", "-e", NODE, str(port)]

    def asyncio(self, port, _):
        return [sys.executable, "-c", ASYNCIO, str(port)]

    def compiled(self, protocol, port):
        program = self.work / f"server-{protocol}"
        if not program.exists():
            subprocess.run(["gcc", "-x", "c", f"-DPROTOCOL={protocol}", "-o",
                            str(program), "-"], input=C_SERVER.encode(), check=True)
        return [str(program), str(port)]

    def c(self, port, _):
        return self.compiled(0, port)

    def mptcp(self, port, _):
        return self.compiled(262, port)


NEEDS = {"nginx": "nginx", "redis": "redis-server", "node": "node", "c": "gcc",
         "mptcp": "gcc", "asyncio": sys.executable}


def is_installed(name):
    return (postgres_program() is not None if name == "postgres"
            else shutil.which(NEEDS[name]) is not None)


def wait_until_open(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # between attempts, up to the deadline
    sys.exit(f"nothing listens on {port}")


def run_twice(servers, name, port, work):
    """Starts it twice; returns the first one's process, still running."""
    command = getattr(servers, name)
    places = [pathlib.Path(work, f"{name}-{which}") for which in (1, 2)]
    for place in places:
        place.mkdir()
        place.chmod(0o755)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
             "stdin": subprocess.DEVNULL}
    first = subprocess.Popen(command(port, places[0]), cwd=places[0], **quiet)
    wait_until_open(port)
    second = subprocess.Popen(command(port, places[1]), cwd=places[1], **quiet)
    try:
        second.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        second.terminate()
        second.wait()
    return first


def judge(ask, name, port, first):
    told = json.loads(subprocess.run([*ask, "failures", str(port), "--json"],
                                     capture_output=True, text=True).stdout)["events"]
    wrong = [one for one in told
             if one["error"] != "EADDRINUSE" or one["requested"]["port"] != port
             or len(one["blockers"] or []) != 1
             or first.pid not in [h["pid"] for h in one["blockers"][0]["holders"]]]
    program = told[0]["process"]["exe"] if told else "nobody"
    sound = bool(told) and not wrong
    print(f"{name}: {len(told)} bindFailed, {program}, blocked by pid {first.pid}: "
          f"{'as it must be' if sound else 'WRONG: ' + json.dumps(told)}")
    return sound


def main():
    bench_host.enter_namespace()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=lambda text: pathlib.Path(text).resolve(),
                        default=ROOT / "build/dev")
    build = parser.parse_args().build
    names = [n for n in (*NEEDS, "postgres") if is_installed(n)]
    if not names:
        sys.exit(77)
    sound = True
    with tempfile.TemporaryDirectory(prefix="portwatch-servers.") as work, \
            bench_host.Daemon(build / "userspace/daemon/portwatchd") as daemon:
        os.chmod(work, 0o755)
        ask = [str(build / "cli/portwatch"), "--socket", daemon.socket]
        servers = Servers(work)
        for port, name in enumerate(names, start=5070):
            first = run_twice(servers, name, port, work)
            sound = judge(ask, name, port, first) and sound
            first.terminate()
            first.wait()
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
