"""A network namespace: a place to run commands and to open sockets in."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import socket
import subprocess
import tempfile

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_MNT_DETACH = 2
_numbers = itertools.count(1)


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _enter(fd):
    _check(_libc.setns(fd, _CLONE_NEWNET), "setns")


class CommandFailed(Exception):
    """The message holds the command and what it said."""


class Namespace:
    def __init__(self, role):
        # The process id: two runs in one mount namespace do not meet.
        self.name = f"{role}-{os.getpid()}-{next(_numbers)}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self._fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        self._sysfs = None
        self.ip("link set lo up")

    def __repr__(self):
        return self.name

    @property
    def descriptor(self):
        """Open as long as the namespace is."""
        return self._fd

    @contextlib.contextmanager
    def inside(self):
        """Sockets and devices opened by this thread belong to the namespace."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _enter(self._fd)
        try:
            yield
        finally:
            _enter(before)
            os.close(before)

    def popen(self, *command, **options):
        fd = self._fd
        return subprocess.Popen([str(word) for word in command], preexec_fn=lambda: _enter(fd), **options)

    def run(self, *command, check=True, timeout=60):
        """Returns standard output."""
        process = self.popen(*command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise CommandFailed(f"[{self}] {' '.join(map(str, command))}: still running after {timeout} s") from None
        if check and process.returncode != 0:
            raise CommandFailed(f"[{self}] {' '.join(map(str, command))}: status {process.returncode}\n{out}{err}")
        return out

    def succeeds(self, *command):
        try:
            self.run(*command)
        except CommandFailed:
            return False
        return True

    def ip(self, *lines):
        """Several lines cost one process."""
        process = self.popen("ip", "-batch", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = process.communicate("\n".join(lines))
        if process.returncode != 0:
            raise CommandFailed(f"[{self}] ip {lines}:\n{err}")
        return out

    def send_frame(self, link, frame):
        """As it is, from one of the namespace's devices."""
        with self.inside():
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC)
        with sender:
            sender.bind((link, 0))
            sender.send(frame)

    def sysctl(self, **settings):
        """net__ipv4__ip_forward=1"""
        with self.inside():
            for name, value in settings.items():
                # thread-self: /proc/sys/net is /proc/self/net's, the main thread's namespace.
                path = pathlib.Path("/proc/sys", *name.split("__"))
                path.write_text(f"{value}\n")

    def sysfs(self):
        """This namespace's devices: a mount of sysfs shows those of who mounted it."""
        if self._sysfs is None:
            folder = tempfile.mkdtemp(prefix="sysfs-", dir="/run")
            with self.inside():
                _check(_libc.mount(b"sysfs", folder.encode(), b"sysfs", 0, None), "mount sysfs")
            self._sysfs = pathlib.Path(folder)
        return self._sysfs

    def close(self):
        if self._sysfs:
            _libc.umount2(str(self._sysfs).encode(), _MNT_DETACH)
            self._sysfs.rmdir()
        os.close(self._fd)
        subprocess.run(["ip", "netns", "del", self.name], check=True)
