"""bench_host.py - what every bench needs: a network namespace of its own, a load,
a private daemon, the common options.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST_PORT = 20000
IN_NAMESPACE = "--in-namespace"


def enter_namespace():
    """Starts the program again, alone with a loopback interface; then returns."""
    if IN_NAMESPACE in sys.argv:
        sys.argv.remove(IN_NAMESPACE)
        return
    if os.geteuid() != 0:
        sys.exit("needs root, for a network namespace of its own")
    script = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, "sh",
                          sys.executable, sys.argv[0], IN_NAMESPACE, *sys.argv[1:]])


def parser(description, rounds):
    made = argparse.ArgumentParser(description=description,
                                   formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--build", type=lambda text: pathlib.Path(text).resolve(),
                      default=ROOT / "build/dev")
    made.add_argument("--rounds", type=int, default=rounds)
    return made


class Filler:
    """The load; it is there while the with block runs."""

    def __init__(self, program, size):
        self.command = [program, *map(str, size), str(FIRST_PORT)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            sys.exit("the filler failed; its reason is above")

    def __exit__(self, *_):
        self.process.communicate()  # closes its stdin, which ends it


class Daemon:
    """A private portwatchd with that configuration; `socket` is where it answers."""

    def __init__(self, program, configuration=""):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="portwatch-bench.")
        self.socket = self.directory.name + "/io.portwatch"
        self.log = self.directory.name + "/log"
        pathlib.Path(self.directory.name, "portwatchd.toml").write_text(configuration)

    def __enter__(self):
        ready, told = os.pipe()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "--private", self.directory.name,
                 "--ready-fd", str(told)], pass_fds=[told], stderr=log)
        os.close(told)
        with open(ready, "rb") as pipe:
            if not pipe.read(1):  # it ended, and the pipe with it
                sys.exit("portwatchd failed:\n" +
                         pathlib.Path(self.log).read_text())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()
