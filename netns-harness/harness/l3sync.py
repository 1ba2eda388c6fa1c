"""l3sync itself, started as its manual says, and its log of JSON lines."""

import json
import os
import pathlib
import re
import shutil

from .process import Process

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SANITIZER_REPORT = re.compile(r"(Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|runtime error:")
_PLACES = {
    "l3sync-open": ("sbin/l3sync-open", "l3sync-open", "src/helper/l3sync-open"),
    "l3sync": ("sbin/l3sync", "l3sync", "src/worker/l3sync"),
}


def build_folder():
    """A build folder, or the prefix of an installation."""
    return pathlib.Path(os.environ.get("L3SYNC_BIN") or REPOSITORY / "build/release").resolve()


def find_binaries(folder=None):
    """name → path; raises when one is missing."""
    folder = folder or build_folder()
    found = {}
    for name, places in _PLACES.items():
        for place in places:
            if (folder / place).is_file():
                found[name] = folder / place
                break
        else:
            raise FileNotFoundError(f"no {name} in {folder}: build first, or set L3SYNC_BIN to where it is")
    return found


def install_binaries():
    """Copies to where the worker's user may go: a home folder is closed to it."""
    place = pathlib.Path("/run/l3sync-bin")
    place.mkdir(mode=0o755, exist_ok=True)
    installed = {}
    for name, path in find_binaries().items():
        installed[name] = place / name
        if not installed[name].exists():
            shutil.copy(path, installed[name])
            installed[name].chmod(0o755)
    return installed


class L3sync(Process):
    def __init__(self, namespace, *options, parent="h0", helper_options=(), log_format="json", user="l3sync",
                 wrapper=(), is_read=True):
        """`wrapper`: words in front of the command, of a program that becomes it or runs it."""
        self.events = []
        self.other_lines = []
        binaries = install_binaries()
        super().__init__(
            namespace, "l3sync", *wrapper, binaries["l3sync-open"], f"--user={user}", *helper_options,
            # What both must be told.
            *(option for option in options if option.startswith(("--deny=", "--bind=", "--announce"))), parent, "--",
            # Rare, or the poll would hide that something was not done when it was due.
            binaries["l3sync"], f"--log-format={log_format}", "--poll-interval=1h", *options, parent, is_read=is_read,
        )

    def on_line(self, line):
        try:
            event = json.loads(line)
            assert isinstance(event, dict)
        except (ValueError, AssertionError):
            self.other_lines.append(line)
        else:
            self.events.append(event)

    def find(self, event, since=0, **fields):
        wanted = {"event": event, **fields}
        return [e for e in self.events[since:] if all(e.get(name) == value for name, value in wanted.items())]

    def wait_event(self, event, timeout=30, since=0, **fields):
        """Returns the first such event; `since` is a mark() of earlier."""
        return self.wait(lambda: next(iter(self.find(event, since, **fields)), None), timeout, f"event {event} {fields}")

    def mark(self):
        with self._more:
            return len(self.events)

    def wait_ready(self):
        # A VM without KVM on a busy machine reads the program for long.
        return self.wait_event("ready", timeout=120)

    def processes(self):
        """Its own and those of its children: all that are of its session."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                state, _, _, session = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:4]
            except OSError:
                continue
            if int(session) == self.pid and state != "Z":
                found.append(int(folder.name))
        return sorted(found)

    def resident_kb(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    def heap_kb(self):
        """Without the rings, whose pages are shared memory and come with their first use."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])

    def cpu_seconds(self):
        """User's and system's, since its start."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sanitizer_reports(self):
        return [line for line in self.lines if SANITIZER_REPORT.search(line)]
