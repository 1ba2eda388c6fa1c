"""A program that runs beside the test, whose lines can be waited for."""

import fcntl
import os
import pathlib
import re
import select
import signal
import subprocess
import threading
import time

from .rtnetlink import Timeout


class Process:
    def __init__(self, namespace, name, *command, is_read=True, **options):
        """`is_read`: false until read_on(): what it says stays in the pipe, which has room for a page."""
        self.name = name
        self._may_read = threading.Event()
        self.lines = []
        self._more = threading.Condition()
        self._ended = False
        # Set by whoever stops it on purpose: an end is a failure otherwise.
        self.ended_by_test = False
        self._popen = namespace.popen(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True, **options,
        )
        if is_read:
            self._may_read.set()
        else:
            fcntl.fcntl(self._popen.stdout, fcntl.F_SETPIPE_SZ, 4096)
        self._reader = threading.Thread(target=self._read, daemon=True, name=name)
        self._reader.start()

    @property
    def pid(self):
        return self._popen.pid

    def read_on(self):
        self._may_read.set()

    def _read(self):
        self._may_read.wait()
        for line in self._popen.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self.on_line(self.lines[-1])
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def on_line(self, line):
        """Called in the reader's thread, with the lock held."""

    def follow(self, see, since_now=False):
        """Calls see(line) for every line, from the first one on or from now on."""
        with self._more:
            for line in [] if since_now else self.lines:
                see(line)
            self.on_line = see

    def log(self):
        with self._more:
            return "\n".join(self.lines)

    def wait(self, condition, timeout, what):
        """Returns condition()'s first true value; looks again at each line."""
        deadline = time.monotonic() + timeout
        with self._more:
            while True:
                value = condition()
                if value:
                    return value
                rest = deadline - time.monotonic()
                if self._ended:
                    raise Timeout(f"{self.name}: {what}: it ended before\n" + "\n".join(self.lines))
                if rest <= 0:
                    raise Timeout(f"{self.name}: {what}: not within {timeout} s\n" + "\n".join(self.lines))
                self._more.wait(rest)

    def wait_line(self, pattern, timeout=30):
        """Returns the match."""
        return self.wait(lambda: next(filter(None, (re.search(pattern, l) for l in self.lines)), None),
                         timeout, f"a line like '{pattern}'")

    def count(self, pattern):
        with self._more:
            return sum(1 for line in self.lines if re.search(pattern, line))

    def wait_exit(self, timeout=30):
        """Returns the exit status, with every line read."""
        try:
            status = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name}: still running after {timeout} s\n{self.log()}") from None
        self._reader.join(timeout)
        return status

    def alive(self):
        return self._popen.poll() is None

    def signal(self, number):
        self.ended_by_test = True
        if self.alive():
            self._popen.send_signal(number)

    def terminate(self, timeout=30):
        self.signal(signal.SIGTERM)
        return self.wait_exit(timeout)

    def kill(self):
        """With all its children: it leads a session of its own."""
        self.ended_by_test = True
        children = [os.pidfd_open(child) for child in self.children() if os.getpgid(child) == self._popen.pid]
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()
        for child in children:
            select.select([child], [], [])
            os.close(child)

    def children(self):
        """Their process IDs; none when it has ended."""
        tasks = pathlib.Path(f"/proc/{self._popen.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def close(self):
        self.kill()
        self.read_on()
        self._reader.join(10)
        self._popen.stdout.close()
