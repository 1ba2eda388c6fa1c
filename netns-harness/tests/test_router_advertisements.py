"""What routers say of their prefixes, and what the kernels of guests make of it: the guest's own table is the oracle."""

import pytest
from harness import frames, rtnetlink
from harness.guest import NIC
from harness.router import IPV6
from harness.topology import SHARED_MAC

HOUR, MINUTE = 3600, 60
PREFIX, SECOND, THIRD = "fd00:50::", "fd00:51::", "fd00:52::"
DEPRECATED, OPTIMISTIC, FAILED = 0x20, 0x04, 0x08


def address_in(guest, prefix, timeout=60):
    """The guest's one address in it, once it passed duplicate address detection."""
    def find():
        return [a for a in guest.ipv6() if a.startswith(prefix[:-1])]
    (address,) = guest.kernel.wait(find, timeout, f"an address of the guest in {prefix}")
    return address


def wait_same_end(world, guest, address, timeout=30):
    """L2: the slave's lifetime is the guest's own, but for what may be owed: a sixteenth, and the seconds of the test."""
    def same():
        here, there = world.kernel.address(guest.link, address), guest.kernel.address(NIC, address)
        return here and there and abs(there.valid - here.valid) <= there.valid // 16 + 5
    world.kernel.wait(same, timeout, f"the lifetime of {address} on {guest.link} is the guest's", rtnetlink.ADDRESS_GROUPS)


def wait_in_guest(guest, address, condition, timeout=30):
    return guest.kernel.wait(lambda: (a := guest.kernel.address(NIC, address)) and condition(a) and a, timeout,
                             f"the RA's word of {address} in the guest", rtnetlink.ADDRESS_GROUPS)


@pytest.fixture
def served(default_world):
    """A guest that is served by RAs which the test sends."""
    world = default_world
    (guest,) = world.namespace_guests("t0")
    world.l3sync = world.start_l3sync()
    guest.start_slaac()
    guest.kernel.wait(guest.link_local, 30, "the guest's link-local")
    world.router.advertise(PREFIX, valid=4 * HOUR, preferred=HOUR)
    return world, guest


def test_lifetimes_change_as_in_the_guest(served):
    """L2, L5: the two-hour rule as Linux has it, deprecation, and back."""
    world, guest = served
    address = address_in(guest, PREFIX)
    wait_same_end(world, guest, address)
    steps = (
        # advertised valid and preferred, what the guest's kernel must have made of it
        (3 * HOUR, HOUR, lambda a: 2 * HOUR < a.valid <= 3 * HOUR),
        (3 * HOUR, 0, lambda a: a.flags & DEPRECATED),
        (30 * MINUTE, 60, lambda a: 90 * MINUTE < a.valid <= 2 * HOUR and not a.flags & DEPRECATED),
        (0, 0, lambda a: 90 * MINUTE < a.valid <= 2 * HOUR and a.flags & DEPRECATED),
        (5 * HOUR, HOUR, lambda a: a.valid > 4 * HOUR and not a.flags & DEPRECATED),
    )
    for valid, preferred, became in steps:
        world.router.advertise(PREFIX, valid=valid, preferred=preferred)
        wait_in_guest(guest, address, became)
        wait_same_end(world, guest, address)
        found = world.kernel.address("t0", address)
        assert found.preferred == 0 and found.prefixlen == 128
        assert world.router.pings(address)
    assert guest.pings(IPV6, source=address)
    assert not world.l3sync.find("address-removed", address=address)


def test_router_that_is_none_any_more_keeps_its_prefixes(served):
    """RFC 4861 §6.3.4: router lifetime 0 says nothing of the prefix."""
    world, guest = served
    address = address_in(guest, PREFIX)
    world.router.advertise(PREFIX, valid=10 * HOUR, preferred=HOUR, router_lifetime=0)
    wait_in_guest(guest, address, lambda a: a.valid > 9 * HOUR)
    assert not guest.namespace.run("ip", "-6", "route", "show", "default").strip()
    wait_same_end(world, guest, address)
    assert world.router.pings(address)


def test_prefix_that_ends_takes_its_addresses_along(served):
    """L5: both tables lose it, at the same time."""
    world, guest = served
    stays = address_in(guest, PREFIX)
    world.router.advertise(SECOND, valid=12, preferred=6)
    ends = address_in(guest, SECOND)
    world.kernel.wait_address("t0", ends)
    guest.kernel.wait_gone(NIC, ends, timeout=40)
    removed = world.l3sync.wait_event("address-removed", interface="t0", address=ends)
    assert removed["reason"] == "expired"
    world.kernel.wait_gone("t0", ends)
    assert world.kernel.address("t0", stays)


def test_several_routers_and_prefixes_that_go_and_come_back(served):
    """L1, L2: each RA speaks of its own prefixes only."""
    world, guest = served
    world.router.advertise(SECOND, source="fe80::2", valid=4 * HOUR, preferred=HOUR,
                           more=frames.prefix_information(THIRD, 4 * HOUR, HOUR))
    addresses = {prefix: address_in(guest, prefix) for prefix in (PREFIX, SECOND, THIRD)}
    for address in addresses.values():
        world.kernel.wait_address("t0", address)
        wait_same_end(world, guest, address)
    for _ in range(2):
        world.router.advertise(SECOND, source="fe80::2", valid=0, preferred=0)
        wait_in_guest(guest, addresses[SECOND], lambda a: a.valid <= 2 * HOUR and a.flags & DEPRECATED)
        wait_same_end(world, guest, addresses[SECOND])
        for prefix in (PREFIX, THIRD):
            assert world.kernel.address("t0", addresses[prefix]).valid > 3 * HOUR
        world.router.advertise(SECOND, source="fe80::2", valid=4 * HOUR, preferred=HOUR)
        wait_in_guest(guest, addresses[SECOND], lambda a: a.valid > 3 * HOUR and not a.flags & DEPRECATED)
        wait_same_end(world, guest, addresses[SECOND])
    assert not world.l3sync.find("address-removed", interface="t0")


def test_prefix_of_the_hosts_own_route_counts_until_its_advertisement(make_world):
    """L3, N5: for five minutes, if l3sync came after the RA; then for what the router says."""
    world = make_world(sysctls="quiet", host_address=True)
    (guest,) = world.raw_guests("t0")
    world.start_l3sync()
    address = f"{PREFIX}66"
    guest.send(frames.dad_solicitation(SHARED_MAC, address))
    assert 4 * MINUTE < world.kernel.wait_address("t0", address).valid <= 5 * MINUTE
    world.router.advertise(PREFIX, valid=4 * HOUR, preferred=HOUR)
    world.kernel.wait(lambda: 3 * HOUR < world.kernel.address("t0", address).valid <= 4 * HOUR, 30,
                      "the router's word counts", rtnetlink.ADDRESS_GROUPS)


def test_ten_more_addresses_of_one_prefix(served):
    """L4: as many as temporary addresses live at once; each with a duplicate address detection of its own."""
    world, guest = served
    own = address_in(guest, PREFIX)
    more = [f"{PREFIX}a:b:c:{number:x}" for number in range(1, 11)]
    guest.namespace.ip(*(f"addr add {address}/64 dev {NIC}" for address in more))
    guest.kernel.wait(lambda: set(more) <= set(guest.ipv6()), 60, "all addresses passed duplicate address detection")
    for address in (own, *more):
        world.kernel.wait_address("t0", address)
        assert world.router.pings(address), address
        assert guest.pings(IPV6, source=address), address
        assert 3 * HOUR < world.kernel.address("t0", address).valid <= 4 * HOUR
    assert not world.l3sync.find("address-removed", interface="t0")


@pytest.mark.parametrize("made_by", ["kernel", "hand"])
def test_optimistic_address_serves_before_its_detection_ends(default_world, made_by):
    """D1, RFC 4429."""
    world = default_world
    (guest,) = world.namespace_guests("t0")
    world.start_l3sync()
    conf = f"net__ipv6__conf__{NIC}__"
    guest.namespace.sysctl(**{conf + "optimistic_dad": 1, conf + "use_optimistic": 1})
    guest.start_slaac()
    guest.kernel.wait(guest.link_local, 30, "the guest's link-local")
    # From now on a detection ends long after the test.
    guest.namespace.sysctl(**{conf + "dad_transmits": 1000})
    world.router.advertise(PREFIX, valid=4 * HOUR, preferred=HOUR)
    by_hand = f"{PREFIX}77"
    if made_by == "hand":
        guest.namespace.ip(f"addr add {by_hand}/64 dev {NIC} optimistic")

    def optimistic():
        found = [a.address for a in guest.kernel.addresses(NIC) if a.flags & OPTIMISTIC and a.address.startswith(PREFIX)]
        return [a for a in found if (a == by_hand) == (made_by == "hand")]

    (address,) = guest.kernel.wait(optimistic, 30, "an optimistic address")
    world.kernel.wait_address("t0", address)
    assert guest.pings(IPV6, source=address)
    assert world.router.pings(address)
    assert guest.kernel.address(NIC, address).flags & OPTIMISTIC, "its detection goes on"


def has_nonce(frame):
    """Of a solicitation: option 14 behind the target."""
    options = frame[54 + 24:]
    while len(options) >= 8 and options[1]:
        if options[0] == 14:
            return True
        options = options[8 * options[1]:]
    return False


def test_solicitation_that_the_network_reflects_is_no_duplicate(default_world):
    """D3, RFC 7527, F20: the guest's kernel knows its nonce, and its slave has the address."""
    world = default_world
    (guest,) = world.namespace_guests("t0")
    l3sync = world.start_l3sync()
    wire = world.sniffer("r0", world.router.namespace)
    reflected = []

    def reflect(frame):
        message = frames.parse_icmp6(frame)
        if message and message.type == frames.NS and message.source == "::":
            world.router.send(frame)
            reflected.append((message.target, has_nonce(frame)))

    wire.on_frame = reflect
    guest.start_slaac()
    link_local = guest.kernel.wait(guest.link_local, 30, "the guest's link-local")[0]
    world.router.advertise(PREFIX, valid=4 * HOUR, preferred=HOUR)
    address = address_in(guest, PREFIX)
    for own in (link_local, address):
        world.kernel.wait_address("t0", own)
        assert (own, True) in reflected
        assert not guest.kernel.address(NIC, own).flags & FAILED
    assert world.router.pings(address)
    assert not l3sync.find("address-removed") and not l3sync.find("address-refused", interface="t0")


@pytest.mark.parametrize("counter, options", [
    ("bad_hop_limit", {"hop_limit": 254}), ("fragment", {"fragmented": True}), ("bad_nd_source", {"source": "fd00:50::1"}),
])
def test_advertisement_that_no_neighbour_can_have_sent_opens_no_prefix(default_world, counter, options):
    """N1, E3: neither for the guest's kernel nor for l3sync, which counts it."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    world.router.advertise(SECOND, **options)
    guest.send(frames.dad_solicitation(SHARED_MAC, f"{SECOND}66"))
    world.fence()
    assert world.kernel.learned("t0") == []
    l3sync.terminate()
    (stopped,) = l3sync.find("stopped")
    assert [name for name in stopped["counters"] if counter in name], stopped["counters"]
