#!/usr/bin/env python3
"""refusals.py - processes that fail to bind and exit at once: is each told?

Prints how many failures were told, with program and arguments, and how often the
hook ran. Needs root.

  tests/bench/refusals.py [--build build/dev] [--rounds 10000]
"""
import json
import pathlib
import subprocess
import tempfile
import time

import bench_host

PORT = 5058


def status(command):
    return json.loads(subprocess.run([*command, "status", "--json"], check=True,
                                     capture_output=True, text=True).stdout)


def await_runs(runs):
    """Until the hook, which nobody waits for, has been run for the one alert."""
    end = time.monotonic() + 20
    while time.monotonic() < end and not (runs.exists() and runs.read_text().split()):
        time.sleep(0.05)  # between looks at a file, up to the deadline


def main():
    bench_host.enter_namespace()
    options = bench_host.parser(__doc__, rounds=10000).parse_args()
    # A hook of root's must be where only root can write.
    with tempfile.TemporaryDirectory(prefix="portwatch-bench.", dir="/run") as place:
        hook = pathlib.Path(place, "hook")
        runs = pathlib.Path(place, "runs")
        hook.write_text(f"#!/bin/sh\necho $PORTWATCH_EVENT >>{runs}\n")
        hook.chmod(0o755)
        daemon = bench_host.Daemon(options.build / "userspace/daemon/portwatchd")
        pathlib.Path(daemon.directory.name, "portwatchd.toml").write_text(
            '[[hook]]\non = ["bindFailureLoop", "crashLoop"]\n'
            f'cooldown = "5m"\nexec = ["{hook}"]\n')
        with daemon:
            command = [options.build / "cli/portwatch", "--socket", daemon.socket]
            seconds = subprocess.run(
                [options.build / "tests/bench/bench_refuser", str(PORT),
                 str(options.rounds)],
                check=True, capture_output=True, text=True).stdout.strip()
            before = status(command)
            await_runs(runs)
            told = json.loads(subprocess.run(
                [*command, "failures", str(PORT), "--limit", "8000", "--json"],
                check=True, capture_output=True, text=True).stdout)["events"]
            whole = [one for one in told if one["process"]["exe"] and
                     one["process"]["cmdline"] and len(one["blockers"]) == 1]
            print(f"{options.rounds} processes in {seconds} s: "
                  f"{before['failures']} told, {before['eventsLost']} lost; "
                  f"of the last {len(told)} in the history {len(whole)} with program, "
                  f"arguments and one blocker; hook runs: "
                  f"{runs.read_text().split() if runs.exists() else []}")


if __name__ == "__main__":
    main()
