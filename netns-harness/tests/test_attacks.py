"""A hostile guest's attacks on the other guests, the host and l3sync; harness/stage.py says who is there.

"Succeeds when": the defence that was taken out of a build in which the test was seen to fail. "Defended by": where that
was not tried. Elsewhere are: a
copied xid with its client identifier, and RELEASE and DECLINE of another's lease (test_dhcp4_raw.py, test_dhcp6_raw.py);
forged OFFER, ACK, Reply and new prefixes (test_forged_messages.py, test_dhcp6_raw.py); the host's and its
gateway's address by DHCP (test_reserved_addresses.py); tags that come from the wire (test_parents.py).
"""

import pytest
from harness import dhcp6, forge, frames
from harness.namespace import Namespace
from harness.router import IPV4, IPV6_PREFIX, LINK_LOCAL
from harness.stage import HONEST, SLAAC
from harness.stage import LINK_LOCAL as HONEST_LINK_LOCAL
from harness.topology import HOST_IPV4, HOST_IPV6, SHARED_MAC

LOOT, LOOT6 = "192.168.50.222", "2001:db8:6::7"
RESOLVER, RESOLVER6, GATEWAY = "192.168.50.53", f"{IPV6_PREFIX}53", "192.168.50.9"
MAX_DHCP_PER_SLAVE = 16


# ---- Transactions


@pytest.mark.parametrize("client_id", [b"", b"\0thief"], ids=["no-identifier", "own-identifier"])
def test_copied_xid_takes_nothing_from_its_owner(make_stage, client_id):
    """S4-2: dnsmasq echoes no client identifier, so that who used the xid first gets the replies to both.

    Succeeds when Transactions::Find() takes the last one that asked.
    """
    stage = make_stage(f"--dhcp-host=id:victim,{LOOT}")
    victim, thief = stage.newcomer("victim"), stage.hostile.client("thief")
    thief.client_id = client_id
    victim.discover()
    thief.discover(xid=victim.xid)
    assert victim.wait_offer().your_address == LOOT
    thief.address, thief.server = LOOT, victim.server
    victim.request()
    thief.request()
    assert victim.wait_ack().your_address == LOOT
    stage.assert_unharmed()
    assert stage.kernel.address("t3", LOOT)
    assert thief.replies(frames.OFFER) == thief.replies(frames.ACK) == []


@pytest.mark.parametrize("client_id", [b"", b"\0thief", b"\0victim"], ids=["no-identifier", "own-identifier", "copied-identifier"])
def test_guessed_xid_costs_its_owner_one_try(make_stage, client_id):
    """S4-2: who uses it first keeps it; the owner's next xid is its own.

    Succeeds ("copied-identifier") when Dhcp4Learner::Refusal() lets an OFFER's claim stand against another guest's; the
    others have no single defence.
    """
    stage = make_stage(f"--dhcp-host=id:victim,{LOOT}")
    victim, thief = stage.newcomer("victim"), stage.hostile.client("thief")
    thief.client_id = client_id
    thief.discover()
    victim.discover(xid=thief.xid)
    assert victim.bind().your_address == LOOT
    stage.kernel.wait_address("t3", LOOT)
    stage.world.fence()
    assert LOOT not in stage.kernel.learned("t1")
    assert len(victim.replies(frames.OFFER)) == len(victim.replies(frames.ACK)) == 1


def test_hoarded_offers_leave_the_others_theirs(make_stage):
    """T3: as many as a slave may have; the sibling binds on its first messages.

    Succeeds when BindingTable::kMaxDhcpPerSlave is 1000.
    """
    hoard = [f"192.168.50.{number}" for number in range(100, 140)]
    stage = make_stage(*(f"--dhcp-host=id:hoarder{n},{address}" for n, address in enumerate(hoard)),
                       f"--dhcp-host=id:victim,{LOOT}")
    for number in range(len(hoard)):
        stage.hostile.client(f"hoarder{number}").discover()
        if number == len(hoard) // 2:
            victim = stage.newcomer("victim")
            assert victim.bind().your_address == LOOT
    stage.l3sync.wait_event("address-refused", interface="t1", reason="quota")
    stage.world.fence()
    assert len(stage.kernel.learned("t1")) == MAX_DHCP_PER_SLAVE
    assert len(victim.replies(frames.OFFER)) == len(victim.replies(frames.ACK)) == 1
    stage.owned["t1"] = stage.ever_learned("t1")
    assert stage.owned["t1"] < set(hoard)
    stage.assert_unharmed()


# ---- Claims of what is somebody else's


@pytest.mark.parametrize("target, reasons", [
    (HOST_IPV4, {"host_address"}), (GATEWAY, {"next_hop"}), (IPV4, {"dhcp_server"}), (RESOLVER, {"resolver"}),
    (HONEST, {"held_by_slave"}), ("192.168.50.255", {"subnet_broadcast"}), ("224.0.0.1", {"special_address"}),
], ids=["host", "gateway", "server", "resolver", "sibling", "broadcast", "multicast"])
def test_claim_that_an_ack_confirms(make_stage, target, reasons):
    """T7, T2: INIT-REBOOT, and an ACK of the real server's address. Gateway, server and resolver are known
    from the leases of the others.

    Succeeds when Policy::CheckConfigured() knows no host addresses, Policy::Check() asks for no routers, no servers, no
    resolvers, Dhcp4Learner::Refusal() for no other holder. "broadcast" and "multicast": defended by CheckConfigured()'s
    edges of subnets, and CheckSpecial().
    """
    stage = make_stage(f"--dhcp-option=option:router,{GATEWAY}", f"--dhcp-option=option:dns-server,{RESOLVER}")
    thief = stage.hostile.client("thief")
    thief.reboot(target)
    stage.world.router.send(forge.reply4(frames.ACK, thief.xid, target, forge.FROM_THE_ROUTER, client_id=thief.client_id))
    assert stage.l3sync.wait_event("address-refused", interface="t1", address=target)["reason"] in reasons
    stage.assert_unharmed()


CLAIMS = {
    "duplicate-detection": lambda address: frames.dad_solicitation(SHARED_MAC, address),
    "neighbour-solicitation": lambda address: frames.neighbour_solicitation(SHARED_MAC, address, f"{IPV6_PREFIX}1"),
    "neighbour-advertisement": lambda address: frames.neighbour_advertisement(SHARED_MAC, address),
    "router-solicitation": lambda address: frames.router_solicitation(SHARED_MAC, address),
}


@pytest.mark.parametrize("way", CLAIMS)
def test_claim_by_neighbour_discovery(make_stage, way):
    """T7, T2, D6: of the host's address, the router's, the resolver's, and all of a sibling's that is alive.

    Succeeds, each way, when NdLearner::MayTake() gives everybody everything. The host's, the router's and the resolver's
    are defended by Policy, as in the test above.
    """
    stage = make_stage(f"--dhcp-option=option6:dns-server,[{RESOLVER6}]")
    for target in (HOST_IPV6, LINK_LOCAL, RESOLVER6, HONEST_LINK_LOCAL, SLAAC, stage.honest6.address):
        stage.hostile.send(CLAIMS[way](target))
        stage.l3sync.wait_event("address-refused", interface="t1", address=target)
    stage.assert_unharmed()


def test_claim_by_arp(stage):
    """N6: probe, announcement and answer. No single defence: nothing that learns reads ARP of guests."""
    for target in (HONEST, HOST_IPV4, IPV4, LOOT):
        for sender in ("0.0.0.0", target):
            for operation in (1, 2):
                stage.hostile.send(frames.arp(SHARED_MAC, operation, sender, target))
    stage.assert_unharmed()


def test_claims_behind_a_tag_that_the_guest_wrote(stage):
    """C3: its tag is in the frame's bytes. No single defence: the filter admits no such EtherType, and the parser
    reads none."""
    for vlan, protocol in ((0, 0x8100), (5, 0x8100), (5, 0x88A8)):
        for frame in (
            frames.dad_solicitation(SHARED_MAC, "fe80::bad"),
            frames.neighbour_advertisement(SHARED_MAC, SLAAC),
            *(forge.reply4(kind, stage.honest.xid, LOOT, macs, client_id=stage.honest.client_id)
              for kind in (frames.OFFER, frames.ACK, frames.NAK) for macs in forge.WAYS.values()),
        ):
            stage.hostile.send(forge.tagged(frame, vlan, protocol))
    stage.assert_unharmed()


# ---- Messages that only servers and routers may send


@pytest.mark.parametrize("kind", [frames.OFFER, frames.ACK, frames.NAK], ids=["offer", "ack", "nak"])
def test_forged_answer_to_a_renewal(stage, kind):
    """S4-9, C2, F2: each way of kernel-facts B.1, in the name of the honest guest's transaction.

    Succeeds ("ack", "nak") when neither the filter nor Learner::ObserveFrame() asks for the side that a frame comes from;
    an OFFER is out of turn besides.
    """
    stage.honest.renew()
    stage.honest.wait_ack()
    for macs in forge.WAYS.values():
        for address, destination in ((LOOT, forge.BROADCAST_IPV4), (LOOT, LOOT), (LOOT, HONEST)):
            stage.hostile.send(forge.reply4(kind, stage.honest.xid, address, macs, destination=destination,
                                            client_id=stage.honest.client_id, client_address=HONEST))
    stage.assert_unharmed()


def test_forged_end_of_a_lease6(stage):
    """S6-3, C2: a Reply with lifetime 0, each way of kernel-facts B.1.

    Succeeds when neither the filter nor Learner::ObserveFrame() asks for the side that a frame comes from.
    """
    stage.honest6.renew()
    stage.honest6.wait_reply()
    for macs in forge.WAYS.values():
        stage.hostile.send(forge.reply6(stage.honest6, stage.honest6.address, macs, lifetime=0))
        stage.hostile.send(forge.reply6(stage.honest6, LOOT6, macs))
    stage.assert_unharmed()


def test_forged_advertisement_ends_no_address_and_no_prefix(stage):
    """N1, L5: router lifetime 0 and prefix lifetime 0, each way of kernel-facts B.1.

    Succeeds when neither the filter nor Learner::ObserveFrame() asks for the side that a frame comes from.
    """
    for macs in forge.WAYS.values():
        for _ in range(2):
            stage.hostile.send(frames.router_advertisement(macs[0], LINK_LOCAL, IPV6_PREFIX, destination_mac=macs[1],
                                                           valid=0, router_lifetime=0))
    # The prefix is open still.
    stage.bystander_guest.own.add(f"{IPV6_PREFIX}77")
    stage.bystander_guest.send(frames.dad_solicitation(SHARED_MAC, f"{IPV6_PREFIX}77"))
    stage.kernel.wait_address("t2", f"{IPV6_PREFIX}77")
    stage.owned["t2"].add(f"{IPV6_PREFIX}77")
    stage.assert_unharmed()


def test_replayed_ack_gives_no_lease_back(stage):
    """S4-10, C2: the bystander has released it; the ACK is the server's own, as it was, and each other way.

    Defended by the filter and Learner::ObserveFrame(), which ask for the side that a frame comes from.
    """
    stage.bystander.renew()
    stage.bystander.wait_ack()
    # As it came to the guest: on the parent its UDP checksum is not filled in yet.
    recorded = [f for f in stage.bystander_guest.frames()
                if (m := frames.parse_dhcp(f)) and m.your_address == stage.bystander.address]
    assert {frames.parse_dhcp(f).type for f in recorded} == {frames.OFFER, frames.ACK}
    address = stage.bystander.address
    stage.bystander.release()
    stage.kernel.wait_gone("t2", address)
    del stage.owned["t2"]
    mark = len(stage.watch.changes())
    for frame in recorded:
        stage.hostile.send(frame)
        for macs in forge.WAYS.values():
            stage.hostile.send(forge.with_macs(frame, macs))
    stage.world.fence()
    assert not [c for c in stage.watch.changes()[mark:] if c.added and c.address.address == address]
    assert stage.kernel.learned("t1") == stage.kernel.learned("t2") == []


def test_replayed_reply_gives_no_lease6_back(stage):
    """S6-5, C2: as with the ACK.

    Defended by the filter and Learner::ObserveFrame(), which ask for the side that a frame comes from.
    """
    victim = stage.bystander_guest.client6("victim", "fe80::a2")
    victim.bind()
    stage.kernel.wait_address("t2", victim.address)
    recorded = [f for f in victim.guest.frames() if (m := dhcp6.parse(f)) and m.client == victim.duid]
    assert recorded
    victim.release()
    stage.kernel.wait_gone("t2", victim.address)
    mark = len(stage.watch.changes())
    for frame in recorded:
        stage.hostile.send(frame)
        for macs in forge.WAYS.values():
            stage.hostile.send(forge.with_macs(frame, macs))
    stage.world.fence()
    assert not [c for c in stage.watch.changes()[mark:] if c.added and c.address.address == victim.address]
    assert stage.kernel.learned("t1") == []


def test_replayed_advertisement_opens_no_prefix_again(stage):
    """N1, L1: the router has withdrawn it.

    Succeeds when neither the filter nor Learner::ObserveFrame() asks for the side that a frame comes from.
    """
    prefix = "2001:db8:6::"
    stage.world.router.advertise(prefix)
    recorded = stage.parent.wait(lambda f: frames.ip_bytes(prefix) in f and f, what="the router's advertisement")
    stage.world.router.advertise(prefix, valid=0)
    stage.world.fence()
    stage.owned["t0"] |= {a for a in stage.kernel.learned("t0") if a.startswith("2001:db8:6:")}  # two hours, L5
    for macs in forge.WAYS.values():
        stage.hostile.send(forge.with_macs(recorded, macs))
        stage.hostile.send(frames.dad_solicitation(SHARED_MAC, LOOT6))
    stage.assert_unharmed()


def test_looped_reply_that_lies_about_its_length(stage):
    """A7, B.1: runts, and IP packets longer than their frame, come in on the parent.

    No single defence: the filter, the parser and the learner each refuse them.
    """
    stage.honest.renew()
    stage.honest.wait_ack()
    ack = forge.reply4(frames.ACK, stage.honest.xid, LOOT, forge.WAYS["looped"], client_id=stage.honest.client_id)
    for length in (14, 20, 34, 41, 42, 43, 100, 281, 282, 283, len(ack) - 60):
        stage.hostile.send(ack[:length])
    longer = bytearray(ack)
    longer[16:18] = (len(ack) + 1000).to_bytes(2, "big")
    stage.hostile.send(bytes(longer))
    stage.assert_unharmed()


def test_forged_reply_of_a_container(stage):
    """B.1: a packet socket in another namespace, on an ipvlan slave of the same parent.

    Succeeds when neither the filter nor Learner::ObserveFrame() asks for the side that a frame comes from.
    """
    container = Namespace("container")
    try:
        stage.world.host.ip("link add link h0 name p1 type ipvlan mode l2", f"link set p1 netns {container}")
        container.ip("link set p1 up")
        stage.honest.renew()
        stage.honest.wait_ack()
        for kind in (frames.ACK, frames.NAK):
            for macs in forge.WAYS.values():
                container.send_frame("p1", forge.reply4(kind, stage.honest.xid, LOOT, macs, client_id=stage.honest.client_id,
                                                        client_address=HONEST))
        stage.assert_unharmed()
    finally:
        container.close()
