"""Forged messages of a guest that come in from the network, after all: kernel-facts B.2, the three ways round the
rule that a guest's frames never do. harness/stage.py says who is there.

"Succeeds when": the defence that was taken out of a build in which the test was seen to fail.
"""

import pytest
from harness import forge, frames
from harness.router import IPV6_PREFIX
from harness.router import MAC as ROUTER_MAC
from harness.stage import HONEST
from harness.topology import SHARED_MAC

LOOT, LOOT6 = "192.168.50.222", f"{IPV6_PREFIX}bad"
# Not the router's own: Linux forwards no such source.
STRANGER, STRANGER6 = "192.168.50.200", "fd00:50::200"
THIEF6 = f"{IPV6_PREFIX}a1"
TO_THE_ROUTER = (SHARED_MAC, ROUTER_MAC)


def forwarding(stage):
    """The stage's router sends on what is for a guest, to wherever it came from."""
    stage.world.router.namespace.sysctl(net__ipv4__ip_forward=1)
    return stage


def comes_back(stage, frame):
    """What the hostile guest sends is on the parent, received, for whoever listens there."""
    # Behind whatever a router changes, and IPv4's options; the end alone is zeros, as of any DHCP message.
    payload = frame[46 if frame[12:14] == b"\x08\x00" else 54:]
    stage.hostile.send(frame)
    stage.parent.wait(lambda seen: payload in seen, what="the forged message, reflected")


def thief_with_a_lease(stage):
    thief = stage.hostile.client("thief")
    thief.bind()
    stage.kernel.wait_address("t1", thief.address)
    stage.owned["t1"].add(thief.address)
    return thief


def thief6(stage):
    """A client at t1 that sends from a routable address of its own."""
    stage.hostile.own.add(THIEF6)
    stage.hostile.send(frames.dad_solicitation(SHARED_MAC, THIEF6))
    stage.kernel.wait_address("t1", THIEF6)
    stage.owned["t1"].add(THIEF6)
    thief = stage.hostile.client6("thief", THIEF6)
    thief.server = stage.honest6.server
    return thief


# ---- What the reply itself gives away


def test_routed_reply_that_is_for_another_address(stage):
    """S4-1: to the guest's own address, but about another.

    Succeeds when Dhcp4Learner::ObserveServer() does not compare the destination.
    """
    thief = thief_with_a_lease(forwarding(stage))
    thief.reboot(LOOT)
    comes_back(stage, forge.reply4(frames.ACK, thief.xid, LOOT, TO_THE_ROUTER, source=STRANGER, destination=thief.address,
                                   client_id=thief.client_id))
    stage.assert_unharmed()


def test_routed_advertisement(stage):
    """N1: a router that forwards it has made its hop limit 254.

    Succeeds when the parser asks neither for hop limit 255 nor for a link-local source.
    """
    thief6(stage)
    advertisement = frames.router_advertisement(SHARED_MAC, STRANGER6, "2001:db8:6::", destination=THIEF6,
                                                destination_mac=ROUTER_MAC)
    comes_back(stage, advertisement)
    stage.hostile.send(frames.dad_solicitation(SHARED_MAC, "2001:db8:6::7"))
    stage.assert_unharmed()


@pytest.mark.parametrize("parent", ["reflecting", "macvlan"])
def test_reflected_reply_in_fragments(make_stage, parent):
    """E1: nobody but an attacker sends a DHCP message so.

    Succeeds when ParseIpv4() takes a first fragment for the whole.
    """
    stage = make_stage(parent=parent)
    thief = stage.hostile.client("thief")
    for kind, ask in ((frames.OFFER, thief.discover), (frames.ACK, lambda: thief.reboot(LOOT))):
        ask()
        reply = forge.reply4(kind, thief.xid, LOOT, (ROUTER_MAC, SHARED_MAC), destination=LOOT, client_id=thief.client_id)
        comes_back(stage, forge.as_first_fragment(reply))
    stage.world.fence()
    assert LOOT not in stage.ever_learned("t1")


# ---- What only its copy on the slave gives away: each of these was seen going out on a slave, just before it came in.


def test_routed_reply_that_names_the_guests_address_as_its_own(stage):
    """B.2 (3): ciaddr is the renewing guest's address, so the destination is right; yiaddr is the loot."""
    thief = thief_with_a_lease(forwarding(stage))
    thief.renew()
    thief.wait_ack()
    comes_back(stage, forge.reply4(frames.ACK, thief.xid, LOOT, TO_THE_ROUTER, source=STRANGER, destination=thief.address,
                                   client_id=thief.client_id, client_address=thief.address))
    stage.assert_unharmed()


@pytest.mark.parametrize("kind", [frames.OFFER, frames.ACK], ids=["offer", "ack"])
def test_routed_reply_to_an_address_of_nobody(stage, kind):
    """B.2 (3): the guest has told the router by ARP that it has the loot."""
    forwarding(stage)
    thief = stage.hostile.client("thief")
    stage.hostile.own.add(LOOT)
    thief.reboot(LOOT) if kind == frames.ACK else thief.discover()
    comes_back(stage, forge.reply4(kind, thief.xid, LOOT, TO_THE_ROUTER, source=STRANGER, destination=LOOT,
                                   client_id=thief.client_id))
    stage.hostile.own.discard(LOOT)
    stage.world.fence()
    assert LOOT not in stage.ever_learned("t1")


def test_routed_reply6(stage):
    """B.2 (3): a client may send from a routable address, and routers forward what is for it."""
    thief = thief6(stage)
    thief.leases[1] = [LOOT6]
    thief.rebind()
    comes_back(stage, forge.reply6(thief, LOOT6, TO_THE_ROUTER, source=STRANGER6, destination=THIEF6))
    stage.assert_unharmed()


@pytest.mark.parametrize("parent", ["reflecting", "macvlan"])
@pytest.mark.parametrize("options", [False, True], ids=["plain", "ip-options"])
def test_reflected_reply_for_the_forger(make_stage, parent, options):
    """B.2 (1), (2): the guest answers its own question."""
    stage = make_stage(parent=parent)
    thief = stage.hostile.client("thief")
    thief.reboot(LOOT)
    ack = forge.reply4(frames.ACK, thief.xid, LOOT, (ROUTER_MAC, SHARED_MAC), destination=LOOT, client_id=thief.client_id)
    comes_back(stage, forge.with_ip_options(ack) if options else ack)
    stage.world.fence()
    assert LOOT not in stage.ever_learned("t1")


@pytest.mark.parametrize("parent", ["reflecting", "macvlan"])
def test_reflected_reply_for_a_sibling(make_stage, parent):
    """B.2 (1), (2): a lease that the honest guest shall take for the server's, and the end of the one that it has."""
    stage = make_stage(parent=parent)
    stage.honest.renew()
    stage.honest.wait_ack()
    xid, client_id = stage.honest.xid, stage.honest.client_id
    comes_back(stage, forge.reply4(frames.ACK, xid, LOOT, (ROUTER_MAC, SHARED_MAC), destination=LOOT, client_id=client_id))
    comes_back(stage, forge.reply4(frames.NAK, xid, "0.0.0.0", (ROUTER_MAC, SHARED_MAC), destination=HONEST,
                                   client_id=client_id, client_address=HONEST))
    stage.assert_unharmed()


@pytest.mark.parametrize("parent", ["reflecting"])
def test_reflected_advertisement(make_stage, parent):
    """B.2 (2): a prefix of the guest's own making. Macvlan brings back no multicast."""
    stage = make_stage(parent=parent)
    comes_back(stage, frames.router_advertisement(ROUTER_MAC, "fe80::1", "2001:db8:6::"))
    stage.hostile.send(frames.dad_solicitation(SHARED_MAC, "2001:db8:6::7"))
    stage.world.fence()
    assert not [a for link in ("t0", "t1", "t2") for a in stage.ever_learned(link) if a.startswith("2001:db8:6:")]
