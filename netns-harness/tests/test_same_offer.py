"""dnsmasq picks the address of an OFFER by the MAC, and guests of one parent share it:
who asks at the same moment is offered the same address. Design §6, "who wins"."""

from harness import frames

ONLY = "192.168.50.77"


def test_one_gets_it_the_other_gets_another_on_its_next_try(world):
    guests = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    world.start_l3sync()
    first, second = (guest.client(f"raw-{guest.link}") for guest in guests)
    for client in (first, second):
        client.discover()
    offers = [client.wait_offer().your_address for client in (first, second)]
    assert offers[0] == offers[1], "dnsmasq makes the collision that this test is about"
    for client in (first, second):
        client.request()
    assert first.wait_ack().your_address == offers[0]
    # The other's transaction ends with a NAK, as on any network.
    second.wait(frames.NAK)
    other = second.bind().your_address
    assert other != offers[0]
    world.fence()
    assert world.kernel.learned("t0") == [offers[0]]
    assert world.kernel.learned("t1") == [other]
    for address in (offers[0], other):
        assert world.router.pings(address)


def test_guest_that_never_requests_keeps_nobody_from_a_lease(world):
    """It DISCOVERs again between each two messages of the other guest, for the only address there is."""
    rogue_guest, honest_guest = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq(first=77, last=77)
    world.start_l3sync()
    rogue, honest = rogue_guest.client("rogue"), honest_guest.client("honest")
    for _ in range(3):
        rogue.discover()
        rogue.wait_offer()
    honest.discover()
    assert honest.wait_offer().your_address == ONLY
    for _ in range(3):
        rogue.discover()
        rogue.wait_offer()
    honest.request()
    assert honest.wait_ack().your_address == ONLY
    for _ in range(3):
        rogue.discover()
    world.fence()
    assert world.kernel.learned("t1") == [ONLY]
    assert world.kernel.learned("t0") == []
    assert world.router.pings(ONLY)


def test_the_ack_decides(default_world):
    """The claim of an OFFER moved to the other guest before the ACK came."""
    world = default_world
    guests = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq(first=77, last=77)
    world.start_l3sync()
    first, second = (guest.client(f"raw-{guest.link}") for guest in guests)
    first.discover()
    first.wait_offer()
    second.discover()
    second.wait_offer()
    world.kernel.wait_address("t1", ONLY)
    first.request()
    first.wait_ack()
    world.kernel.wait_address("t0", ONLY)
    world.fence()
    assert world.kernel.learned("t1") == []
    assert len(first.replies(frames.ACK)) == 1
