#!/usr/bin/env python3
"""who.py - what `portwatch who PORT` costs beside ss, lsof and fuser.

Fills a network namespace of its own with processes x listeners x descriptors,
starts a private daemon, and measures whole processes: posix_spawn to wait4, as
a shell would see them. All commands take turns in every round, so that a busy
moment hurts them alike. Needs root, a build, and the packages lsof, psmisc.

  tests/bench/who.py [--build build/dev] [--rounds 21] [--json] [PxLxF...]
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = ["10x1x10", "100x5x100", "1000x5x100"]
FIRST_PORT = 20000
IN_NAMESPACE = "--in-namespace"


def enter_namespace():
    """Starts this program again, alone with a loopback interface."""
    script = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, "sh",
                          sys.executable, __file__, IN_NAMESPACE, *sys.argv[1:]])


def parse_size(text):
    try:
        processes, listeners, descriptors = map(int, text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no size; PROCESSESxLISTENERSxDESCRIPTORS, as 100x5x100")
    return processes, listeners, descriptors


class Filler:
    """The load; it is there while the with block runs."""

    def __init__(self, program, size):
        self.command = [program, *map(str, size), str(FIRST_PORT)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            sys.exit("who.py: the filler failed; its reason is above")

    def __exit__(self, *_):
        self.process.communicate()  # closes its stdin, which ends it


class Daemon:
    """A private portwatchd; `socket` is where it answers."""

    def __init__(self, program):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="portwatch-bench.")
        self.socket = self.directory.name + "/io.portwatch"
        self.log = self.directory.name + "/log"

    def __enter__(self):
        ready, told = os.pipe()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "--private", self.directory.name,
                 "--ready-fd", str(told)], pass_fds=[told], stderr=log)
        os.close(told)
        with open(ready, "rb") as pipe:
            if not pipe.read(1):  # it ended, and the pipe with it
                sys.exit("who.py: portwatchd failed:\n" +
                         pathlib.Path(self.log).read_text())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


def run_once(command, devnull):
    """(milliseconds, exit code) of one whole process."""
    actions = [(os.POSIX_SPAWN_DUP2, devnull, fd) for fd in (0, 1, 2)]
    begun = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, _ = os.wait4(pid, 0)
    ended = time.perf_counter_ns()
    return (ended - begun) / 1e6, os.waitstatus_to_exitcode(status)


def measure(commands, rounds):
    """Milliseconds of each command, sorted. A command that fails ends the bench:
    the time of a wrong answer says nothing."""
    times = {name: [] for name in commands}
    devnull = os.open(os.devnull, os.O_RDWR)
    for turn in range(rounds + 1):
        for name, command in commands.items():
            elapsed, code = run_once(command, devnull)
            if code != 0:
                sys.exit(f"who.py: '{' '.join(command)}' ended with {code}")
            if turn > 0:  # the first round warms caches up
                times[name].append(elapsed)
    os.close(devnull)
    return {name: sorted(round(ms, 3) for ms in values) for name, values in times.items()}


def commands_for(port, build, socket):
    portwatch = str(build / "cli/portwatch")
    return {
        "true": ["/bin/true"],
        "portwatch": [portwatch, "who", "--socket", socket, str(port)],
        "portwatch --no-daemon": [portwatch, "who", "--no-daemon", str(port)],
        "ss -p": ["/usr/bin/ss", "-Hltnp", f"sport = :{port}"],
        "lsof": ["/usr/bin/lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN"],
        "fuser": ["/usr/bin/fuser", "-n", "tcp", str(port)],
    }


def bench(size, build, rounds):
    processes, listeners, _ = size
    port = FIRST_PORT + processes * listeners // 2
    with Filler(str(build / "tests/bench/bench_filler"), size):
        with Daemon(str(build / "userspace/daemon/portwatchd")) as daemon:
            return measure(commands_for(port, build, daemon.socket), rounds)


def medians(times):
    return {name: statistics.median(values) for name, values in times.items()}


def print_table(results):
    columns = [f"{size}, ms (x true)" for size in results]
    print("| median of whole processes | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    rows = [medians(times) for times in results.values()]
    for name in rows[0]:
        cells = [f"{row[name]:.2f} ({row[name] / row['true']:.1f})" for row in rows]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    if IN_NAMESPACE not in sys.argv:
        if os.geteuid() != 0:
            sys.exit("who.py: needs root, for a network namespace of its own")
        enter_namespace()
    sys.argv.remove(IN_NAMESPACE)
    parser = argparse.ArgumentParser(prog="who.py", description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", action="store_true", help="every time, in ms, sorted")
    parser.add_argument("sizes", nargs="*", type=parse_size,
                        default=[parse_size(size) for size in SIZES])
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    results = {"x".join(map(str, size)):
               bench(size, arguments.build.resolve(), arguments.rounds)
               for size in arguments.sizes}
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "cpus": os.cpu_count(),
                          "kernel": os.uname().release, "nofile": [soft, hard],
                          "ms": results}))
    else:
        print_table(results)


if __name__ == "__main__":
    main()
