"""Design §8: other programs rely on these lines."""

import datetime

FIELDS = {"time", "level", "event"}


def test_every_line_is_one_json_object(default_world):
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync()
    address = guest.client("raw").bind().your_address
    l3sync.wait_event("address-refreshed", interface="t0", address=address, origin="dhcp4-ack")
    assert l3sync.terminate() == 0
    assert l3sync.other_lines == []
    for event in l3sync.events:
        assert FIELDS <= event.keys(), event
        assert datetime.datetime.fromisoformat(event["time"]).tzinfo
    offered = l3sync.find("address-requested", address=address)[0]
    assert offered["interface"] == "t0"
    assert isinstance(offered["ifindex"], int)
    assert offered["origin"] == "dhcp4-offer"
    assert offered["valid_lifetime"] <= 60
    assert offered["xid"]


def test_text_is_for_people(default_world):
    """Which slave, which address, why, for how long."""
    world = default_world
    (guest,) = world.raw_guests("t0")
    world.router.start_dnsmasq()
    l3sync = world.start_l3sync(log_format="text", wait_ready=False)
    l3sync.wait_line("ready")
    address = guest.client("raw").bind().your_address
    l3sync.wait_line(rf"t0.*{address.replace('.', chr(92) + '.')}")
    assert l3sync.events == []
