"""--dry-run: parse, decide and log, change nothing."""

from harness import frames
from harness.topology import SHARED_MAC


def wait_for_the_kernels_own(world):
    """Link-locals, if any, and their routes come before we begin to compare."""
    world.kernel.wait(lambda: all(any(f"ff00::/8 dev {link}" in route for route in world.kernel.routes("local"))
                                  for link in ("h0", "t0")), 30, "the kernel's own multicast routes")
    if world.sysctls == "default":
        world.kernel.wait(lambda: all(any(world.kernel.local_route(a.address) for a in world.kernel.addresses(link))
                                      for link in ("h0", "t0")), 30, "the kernel's own link-locals")


def test_nothing_changes_and_the_log_says_what_would_have(world):
    (guest,) = world.raw_guests("t0")
    wait_for_the_kernels_own(world)
    world.router.start_dnsmasq()
    watch = world.kernel.watch_addresses()
    local, main = world.kernel.routes("local"), world.kernel.routes("main")
    l3sync = world.start_l3sync("--dry-run", helper_options=["--dry-run"])
    parent = world.sniffer()
    client = guest.client("raw")
    client.discover()
    offer = parent.wait(lambda frame: (m := frames.parse_dhcp(frame)) and m.xid == client.xid and m, what="OFFER")
    said = l3sync.wait_event("address-requested", interface="t0", address=offer.your_address, origin="dhcp4-offer")
    assert said["dry_run"] is True
    guest.send(frames.dad_solicitation(SHARED_MAC, "fe80::9999"))
    l3sync.wait_event("address-requested", interface="t0", address="fe80::9999", dry_run=True)
    # A broadcast reply comes by the kernel alone, after whatever would have been delivered.
    fence = guest.client("fence", broadcast=True)
    fence.discover()
    fence.wait(frames.OFFER)
    assert client.replies(frames.OFFER) == [], "nothing is delivered"
    assert [c for c in watch.changes() if c.address.link == "t0"] == []
    assert world.kernel.routes("local") == local
    assert world.kernel.routes("main") == main
    assert all(event.get("dry_run") is True for event in l3sync.find("address-requested"))
    watch.close()
