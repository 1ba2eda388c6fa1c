"""DHCPv4: each client with each server, through a whole life of a lease.

CI runs half of the cells, so that each client meets two servers and each server two clients;
`netns-harness/check matrix` runs them all.
"""

import collections

import pytest
from harness import frames
from harness.clients import CLIENTS
from harness.router import IPV4
from harness.servers import SERVERS

pytestmark = pytest.mark.matrix


def cells():
    for row, client in enumerate(CLIENTS):
        for column, server in enumerate(SERVERS):
            rest = [pytest.mark.matrix_rest] if (row + column) % 2 else []
            yield pytest.param(client, server, id=f"{client}-{server}", marks=rest)


class Dialogue:
    """The DHCPv4 messages between a guest and its slave."""

    def __init__(self, guest):
        self._guest = guest

    def sent(self, kind):
        messages = (frames.parse_dhcp(frame, ports=(68, 67)) for frame in self._guest.sent())
        return [message for message in messages if message and message.type == kind]

    def received(self, kind):
        messages = map(frames.parse_dhcp, self._guest.received())
        return [message for message in messages if message and message.type == kind]

    def assert_nothing_twice(self):
        """As many ACKs as requests of an xid, as many OFFERs as DISCOVERs, and no NAK."""
        for question, answer in ((frames.DISCOVER, frames.OFFER), (frames.REQUEST, frames.ACK)):
            asked = collections.Counter(message.xid for message in self.sent(question))
            assert collections.Counter(message.xid for message in self.received(answer)) == asked
        assert not self.received(frames.NAK)


@pytest.mark.parametrize("client, server", cells())
def test_lease_from_first_to_last(default_world, client, server):
    """S4-3, S4-4, S4-8, S4-10, K2: bound at the first try, renewed, released; and each reply came once."""
    live_through_a_lease(default_world, client, server)


def live_through_a_lease(world, client, server):
    (guest,) = world.namespace_guests("t0")
    server = world.router.start_server(server)
    l3sync = world.start_l3sync()
    client = guest.start_client(client)
    dialogue = Dialogue(guest)

    address = guest.wait_ipv4()
    bound = l3sync.wait_event("address-refreshed", interface="t0", address=address, origin="dhcp4-ack")
    for kind in (frames.DISCOVER, frames.OFFER, frames.REQUEST, frames.ACK):
        assert len(dialogue.sent(kind) + dialogue.received(kind)) == 1, f"DHCP message {kind}"
    (ack,) = dialogue.received(frames.ACK)
    assert ack.your_address == address and ack.lease == server.lease
    assert world.kernel.learned("t0") == [address]
    first = world.kernel.address("t0", address)
    assert server.lease - server.t1 <= first.valid <= server.lease
    assert guest.pings(IPV4)
    assert world.router.pings(address)

    if client.renews_when_told:
        client.renew()
    after = l3sync.events.index(bound) + 1
    l3sync.wait_event("address-refreshed", since=after, timeout=90, interface="t0", address=address)
    assert server.lease - server.t1 <= world.kernel.address("t0", address).valid <= server.lease
    assert len(dialogue.sent(frames.DISCOVER)) == 1

    client.release()
    removed = l3sync.wait_event("address-removed", interface="t0", address=address)
    assert removed["reason"] == "released"
    world.kernel.wait_gone("t0", address)
    dialogue.assert_nothing_twice()
