"""Design §2 and §8: who holds what, and how l3sync says no."""

import os
import select
import signal

import pytest
from harness.l3sync import install_binaries

CAP_NET_ADMIN = 1 << 12
SECCOMP_FILTER = "2"
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def status_of(pid):
    with open(f"/proc/{pid}/status") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


@pytest.mark.parametrize("dry_run", [False, True], ids=["normal", "dry-run"])
def test_worker_holds_what_it_needs_and_no_more(default_world, dry_run):
    """Class P4: whatever l3sync does in this harness it does inside of these filters."""
    default_world.add_slaves("t0")
    options = ["--dry-run"] if dry_run else []
    l3sync = default_world.start_l3sync(*options, helper_options=options)
    status = status_of(l3sync.pid)
    assert status["Name"] == "l3sync"
    assert len(set(status["Uid"].split())) == 1 and "0" not in status["Uid"].split()
    assert "0" not in status["Gid"].split()
    assert status["Groups"].split() in ([], status["Gid"].split()[:1])
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == SECCOMP_FILTER
    for name in CAPABILITIES:
        assert int(status[name], 16) == 0, name
    children = l3sync.children()
    assert len(children) == (0 if dry_run else 1)
    for child in children:
        status = status_of(child)
        assert status["Name"] == "l3sync-applier"
        assert "0" not in status["Uid"].split() + status["Gid"].split()
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == SECCOMP_FILTER
        for name in CAPABILITIES:
            assert int(status[name], 16) == CAP_NET_ADMIN, name


def test_only_what_was_handed_over_is_open(default_world):
    """Class O5. Descriptors: standard ones, sockets, and what threads wait on; no files."""
    default_world.add_slaves("t0")
    l3sync = default_world.start_l3sync()
    (applier,) = l3sync.children()
    for pid in (l3sync.pid, applier):
        for number in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{number}")
            if number in ("0", "1"):
                assert target == "/dev/null"
            else:
                assert number == "2" or target.startswith(("socket:", "anon_inode:", "/memfd:")), target


def test_end_of_the_applier_is_said_and_ends_l3sync(default_world):
    default_world.add_slaves("t0")
    l3sync = default_world.start_l3sync()
    (applier,) = l3sync.children()
    l3sync.ended_by_test = True
    os.kill(applier, signal.SIGKILL)
    assert l3sync.wait_exit() == 1
    assert any("the applier is gone" in line for line in l3sync.other_lines)


def test_applier_ends_with_the_worker(default_world):
    default_world.add_slaves("t0")
    l3sync = default_world.start_l3sync()
    (applier,) = l3sync.children()
    watch = os.pidfd_open(applier)
    l3sync.signal(signal.SIGKILL)
    assert select.select([watch], [], [], 30)[0]
    os.close(watch)


def helper(world, *words, user="l3sync"):
    """Returns (exit status, what it said)."""
    from harness.process import Process

    process = Process(world.host, "l3sync-open", install_binaries()["l3sync-open"], *words)
    try:
        return process.wait_exit(), process.log()
    finally:
        process.close()


@pytest.mark.parametrize("words, status, named", [
    (["--user=l3sync", "nope0", "--", "/bin/true"], 1, "nope0"),
    (["--user=nobody-of-that-name", "h0", "--", "/bin/true"], 1, "nobody-of-that-name"),
    (["--user=l3sync", "h0"], 64, ""),
    (["--user=l3sync", "h0", "--"], 64, ""),
    (["--user=l3sync", "--", "/bin/true"], 64, ""),
    (["--no-such-option", "h0", "--", "/bin/true"], 64, "no-such-option"),
    (["--user=l3sync", "h0", "--", "/nonexistent/l3sync"], 1, "/nonexistent/l3sync"),
], ids=["interface", "user", "no-command", "empty-command", "no-parent", "option", "exec"])
def test_helper_says_what_is_wrong_in_one_line(default_world, words, status, named):
    default_world.add_slaves("t0")
    got, said = helper(default_world, *words)
    assert got == status, said
    assert named in said
    assert len(said.splitlines()) == 1, said


def test_without_privilege_it_says_so(default_world):
    default_world.add_slaves("t0")
    binary = install_binaries()["l3sync-open"]
    from harness.process import Process

    process = Process(default_world.host, "l3sync-open", "setpriv", "--reuid=64444", "--regid=64444", "--clear-groups",
                      "--inh-caps=-all", "--bounding-set=-all", binary, "h0", "--", "/bin/true")
    try:
        assert process.wait_exit() == 77, process.log()
        assert len(process.log().splitlines()) == 1
    finally:
        process.close()


@pytest.mark.parametrize("program", ["l3sync", "l3sync-open"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version(default_world, program, option):
    out = default_world.host.run(install_binaries()[program], option)
    assert "l3sync" in out
