"""subject.py - the daemon under torture: a private portwatchd, and one subscriber
of watch that keeps a table by what it is told and notes what cannot be: a release
of what was not bound, a bind of what is.
"""
import datetime
import json
import os
import queue
import socket
import subprocess
import threading
import time

SMALL_RING = "4KiB"  # about 25 records: thousands a second do not fit


class Stream:
    """Reads a connection at once, whatever else is going on: who does not is cut, and
    the rest of the host may tell the daemon much more than the herd does."""

    def __init__(self, connection):
        self.connection = connection
        self.data = queue.SimpleQueue()
        self.rest = b""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while data := self.connection.recv(1 << 20):
                self.data.put(data)
        except OSError:
            pass
        self.data.put(b"")

    def events(self):
        """Those that were told before this call, some later ones perhaps: up to a
        pause, or to one that happened after it."""
        now = datetime.datetime.now(datetime.timezone.utc)
        end = (now + datetime.timedelta(milliseconds=10)).strftime("%FT%T.%fZ")
        try:
            while True:
                data = self.data.get(timeout=0.05)
                if not data:
                    raise SystemExit("portwatchd has ended the watch")
                *whole, self.rest = (self.rest + data).split(b"\0")
                for message in map(json.loads, whole):
                    if "error" in message:
                        raise SystemExit(f"portwatchd ends the watch: {message}")
                    yield message["parameters"]["event"]
                if whole and message["parameters"]["event"]["time"] > end:
                    return
        except queue.Empty:
            pass


class Daemon:
    """A private portwatchd and one subscriber."""

    def __init__(self, options, directory):
        self.directory = directory
        self.path = f"{directory}/io.portwatch"
        self.command = [options.build / "userspace/daemon/portwatchd", "--private",
                        directory, "--backend", "ebpf"]
        if options.sabotage:
            self.command += ["--sabotage", str(options.sabotage)]
        with open(f"{directory}/portwatchd.toml", "w") as config:
            if options.kill:
                config.write(f"[ebpf]\npins = '/sys/fs/bpf/torture-{os.getpid()}'\n")
            if options.overflow:
                config.write(f"[ring]\nsize = '{SMALL_RING}'\n")
        self.lost = 0
        self.events = 0
        self.kills = 0
        self.past = {}  # id -> (since, pid of the creator), as it said last
        self.start()
        self.is_fresh = False

    def start(self):
        ready, told = os.pipe()
        with open(f"{self.directory}/log", "a") as log:
            self.process = subprocess.Popen(
                [*self.command, "--ready-fd", str(told)], pass_fds=[told], stderr=log)
        os.close(told)
        with open(ready, "rb") as pipe:
            if pipe.read(1) != b"\n":
                raise SystemExit(open(f"{self.directory}/log").read())
        self.link = self.connect()
        connection = self.connect()
        self.bound = {}  # id -> the bind event's binding, not released since
        self.untold = set()  # inodes: whether a bind of it was told is not known
        self.wrong = []
        self.is_fresh = True  # has told nothing of what it found at its start
        # Failed binds are many and large, and no part of the books.
        self.call(connection, "Watch", {"events": ["bind", "listen", "release",
                                                   "eventsLost", "resynced"]},
                  more=True)
        self.stream = Stream(connection)

    def kill(self, pause):
        self.process.kill()
        self.process.wait()
        self.kills += 1
        time.sleep(pause)  # the outage: what happens in it is to be known after it
        self.start()

    def begin_with(self, answer):
        """What was told before this daemon's time, as far as its answer shows it: of
        a connected socket that is not known."""
        takes = [b["state"] in ("listening", "bound") for b in answer["bindings"]]
        self.bound = {b["id"]: b for b, t in zip(answer["bindings"], takes) if t}
        self.untold = {b["inode"] for b, t in zip(answer["bindings"], takes) if not t}
        self.is_fresh = False

    def end(self):
        self.process.terminate()
        if self.process.wait() != 0:
            raise SystemExit(f"portwatchd ended with {self.process.returncode}")

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        link.connect(self.path)
        return link

    def call(self, link, method, parameters, more=False):
        link.sendall(json.dumps({"method": f"io.portwatch.{method}",
                                 "parameters": parameters,
                                 "more": more}).encode() + b"\0")

    def ask(self, method, **parameters):
        self.call(self.link, method, parameters)
        data = b""
        while not data.endswith(b"\0"):
            data += self.link.recv(1 << 20)
        return json.loads(data[:-1])["parameters"]

    def follow(self, namespaces):
        """Takes in the events up to now; the answer before flushed them."""
        for event in self.stream.events():
            self.on_event(event, namespaces)

    def on_event(self, event, namespaces):
        self.events += 1
        if event["event"] == "eventsLost":
            self.lost += event["count"]
        binding = event.get("binding")
        if binding is None or binding["netns"] not in namespaces:
            return
        name = binding["id"]
        was_bound = name in self.bound
        is_known = not self.is_fresh and binding["inode"] not in self.untold
        if event["event"] == "bind":
            if was_bound:
                self.wrong.append(f"watch: a second bind of {json.dumps(event)}")
            self.bound[name] = binding
        elif event["event"] == "listen":
            if is_known and not was_bound:
                self.wrong.append(f"watch: no bind before {json.dumps(event)}")
            self.bound[name] = binding
        elif event["event"] == "release":
            if is_known and not was_bound:
                self.wrong.append(f"watch: no bind before {json.dumps(event)}")
            self.bound.pop(name, None)

    def take_wrong(self):
        """What the stream told that cannot be, since the last call."""
        wrong, self.wrong = self.wrong, []
        return wrong
