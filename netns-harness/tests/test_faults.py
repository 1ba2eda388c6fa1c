"""reliability.md §4: what fails under l3sync. Afterwards guests bind, and the kernel has what they have.

strace makes the system calls fail, in whichever process and thread makes them.
"""

import os
import random
import signal

import pytest
from harness.customer import Customer
from harness.rtnetlink import ADDRESS_GROUPS, until_answered

LINKS = ("t0", "t1", "t2")
MEMORY_KB = 64 << 10


def serve(world, *links, seconds=2):
    """Guests bind, renew, and the last one releases; each asks again when it gets no answer."""
    clients = [world.raw_guest(link).client(f"raw-{link}") for link in links]
    for client in clients:
        until_answered(client.discover, client.wait_offer, seconds=seconds)
        until_answered(client.request, client.wait_ack, seconds=seconds)
        until_answered(client.renew, client.wait_ack, seconds=seconds)
    leaving, link = clients[-1], links[-1]
    until_answered(leaving.release, lambda timeout: world.kernel.wait_gone(link, leaving.address, timeout) or True, seconds=seconds)
    for client in clients[:-1]:
        wait_learned(world, client.guest.link, [client.address])
        assert world.router.pings(client.address)
    wait_learned(world, link, [])
    return clients


def wait_learned(world, link, addresses):
    world.kernel.wait(lambda: world.kernel.learned(link) == addresses, 60, f"{link} has {addresses}", ADDRESS_GROUPS)


def strace(world, calls, error, when):
    """-D: l3sync, not strace, is the process that the harness started."""
    return ("strace", "-D", "-f", "-qqq", "-o", world.folder / "strace", "-e", "signal=none", "-e", f"trace={calls}",
            "-e", f"inject={calls}:error={error}:when={when}")


def injected(world):
    return (world.folder / "strace").read_text().count("(INJECTED)")


RECEIVE, SEND, WAIT = "recvmsg,recvfrom,recvmmsg", "sendto,sendmsg,sendmmsg", "epoll_wait,epoll_pwait,poll,ppoll"
INJECTIONS = [(RECEIVE, error) for error in ("EINTR", "EAGAIN", "ENETDOWN", "ENOBUFS", "ENOMEM")]
INJECTIONS += [(SEND, error) for error in ("ENOBUFS", "EAGAIN", "EPERM", "ECONNREFUSED")] + [(WAIT, "EINTR")]
REST = [pytest.mark.matrix, pytest.mark.matrix_rest]


# Of each thread's calls: more apart than a dump has requests, or the same one would fail each time; and behind those of
# l3sync-open, which stops at any error.
@pytest.mark.parametrize("when", ["12+41", pytest.param("40+13", marks=REST)], ids=["from-the-start", "while-it-runs"])
@pytest.mark.parametrize("calls, error", INJECTIONS, ids=[f"{calls.split(',')[0]}-{error}" for calls, error in INJECTIONS])
def test_system_call_that_fails_now_and_then(default_world, calls, error, when):
    world = default_world
    world.add_slaves(*LINKS)
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync(wrapper=strace(world, calls, error, when))
    serve(world, *LINKS)
    assert l3sync.alive()
    assert injected(world) > 0
    assert l3sync.resident_kb() < MEMORY_KB
    assert l3sync.terminate() == 0
    is_counted = calls == RECEIVE and error not in ("EINTR", "EAGAIN")
    assert ("frames_receive_errors" in l3sync.find("stopped")[0]["counters"]) == is_counted


@pytest.mark.parametrize("target", ["/dev/full", ">(exec true)"], ids=["ENOSPC", "EPIPE"])
def test_log_that_cannot_be_written(default_world, target):
    world = default_world
    world.add_slaves(*LINKS)
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync(wait_ready=False, wrapper=("bash", "-c", f'exec "$@" 2> {target}', "bash"))
    serve(world, *LINKS)
    assert l3sync.alive()


def test_log_that_nobody_reads(default_world):
    """Its pipe is full: traffic goes on. Later the reader finds whole lines, and how many were lost."""
    world = default_world
    world.add_slaves(*LINKS)
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync(wait_ready=False, is_read=False)
    clients = serve(world, *LINKS)
    for _ in range(30):  # some events each: more than a page of them
        until_answered(clients[0].renew, clients[0].wait_ack, seconds=2)
    assert l3sync.alive()
    assert l3sync.resident_kb() < MEMORY_KB
    l3sync.read_on()
    l3sync.wait_event("ready")
    mark, client = l3sync.mark(), clients[-1]
    until_answered(client.discover, client.wait_offer, seconds=2)
    l3sync.wait_event("address-confirmed", since=mark, interface="t2", address=client.address)
    assert l3sync.terminate() == 0
    assert l3sync.find("stopped")[0]["counters"]["events_lost"] > 0
    assert l3sync.other_lines == []


# ---- Killed at any moment

SETTLE_EVERY = 5


@pytest.mark.parametrize("kills", [SETTLE_EVERY, *(pytest.param(50, marks=REST, id=f"50-{turn}") for turn in range(4))])
def test_killed_at_any_moment(default_world, kills):
    """K6: while guests bind, renew and release. After the restart what they have is on their slaves, once, and nothing
    else. L3SYNC_SEED plays the same moments again, as far as the kernel's scheduling lets it.
    """
    seed = os.environ.get("L3SYNC_SEED") or os.urandom(4).hex()
    print(f"L3SYNC_SEED={seed}")
    moments = random.Random(seed)
    world = default_world
    links = [f"t{number}" for number in range(4)]
    world.add_slaves(*links)
    # Of one MAC address all: without it they are offered one address at once.
    world.router.start_dnsmasq(*(f"--dhcp-host=id:raw-{link},192.168.50.{100 + n}" for n, link in enumerate(links)))
    l3sync = world.start_l3sync()
    customers = [Customer(world, link, seed) for link in links]
    try:
        for kill in range(1, kills + 1):
            for customer in customers:
                customer.resume()
            lines = moments.randrange(25)  # none: while it starts
            l3sync.wait(lambda: len(l3sync.lines) >= lines, 120, f"{lines} lines")
            l3sync.ended_by_test = True
            os.kill(moments.choice(l3sync.processes()), signal.SIGKILL)
            l3sync.wait_exit()
            l3sync = world.start_l3sync(wait_ready=False)
            if kill % SETTLE_EVERY == 0 or kill == kills:
                l3sync.wait_ready()
                for customer in customers:
                    customer.pause()
                for customer in customers:
                    customer.settle()
        print(f"{kills} kills, {sum(customer.done for customer in customers)} steps of guests")
    finally:
        for customer in customers:
            customer.close()
