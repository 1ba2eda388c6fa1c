"""Parents that are no plain device: the wire below shows each frame of a guest once more."""

import pytest
from harness import frames

PARENTS = ("vlan", "bond")


@pytest.mark.parametrize("parent", PARENTS)
def test_guests_bind_and_no_reply_comes_twice(make_world, parent):
    """C1, C3: the second copy, on the lower device, is nobody's; the parent's own VLAN is not a foreign one."""
    world = make_world(parent=parent)
    guests = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    clients = [guest.client(f"raw-{guest.link}") for guest in guests]
    for client in clients:
        address = client.bind().your_address
        world.kernel.wait_address(client.guest.link, address)
        assert world.router.pings(address)
    world.fence()
    for client in clients:
        assert world.kernel.learned(client.guest.link) == [client.address]
        for kind in (frames.OFFER, frames.ACK):
            assert len(client.replies(kind)) == 1
        assert len(l3sync.find("reply-delivered", interface=client.guest.link)) == 1
        assert len(l3sync.find("address-requested", interface=client.guest.link, address=client.address)) == 1
