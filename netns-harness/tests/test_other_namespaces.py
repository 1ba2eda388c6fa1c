"""Slaves in other network namespaces are not served yet; l3sync says which they are."""

import contextlib
import json

from harness.namespace import Namespace


def move(world, link, namespace):
    world.host.ip(f"link set {link} netns {namespace.name}")


def test_slave_that_is_elsewhere_at_the_start_is_named(default_world):
    """F19: nothing of it can be heard here."""
    world = default_world
    world.add_slaves("t0", "c0")
    with contextlib.closing(Namespace("container")) as container:
        move(world, "c0", container)
        l3sync = world.start_l3sync()
        event = l3sync.wait_event("link-added", interface="c0", reason="other_namespace")
        assert event["level"] == "warning"
        l3sync.wait_event("link-added", interface="t0")


def test_slave_that_moves_away_is_named_and_no_longer_served(default_world):
    world = default_world
    world.add_slaves("c0")
    with contextlib.closing(Namespace("container")) as container:
        l3sync = world.start_l3sync()
        move(world, "c0", container)
        l3sync.wait_event("link-removed", interface="c0", reason="other_namespace")


def test_slave_of_another_parent_elsewhere_is_not_named(default_world):
    """Its parent has the same index, in a third namespace."""
    world = default_world
    world.add_slaves("t0")
    with contextlib.closing(Namespace("container")) as container, contextlib.closing(Namespace("third")) as third:
        index = json.loads(world.host.run("ip", "-j", "link", "show", "h0"))[0]["ifindex"]
        third.ip(f"link add h0 index {index} type veth peer name r0 index 99",
                 "link add link h0 name x0 type ipvtap mode l2",
                 f"link set x0 netns {container.name}")
        # An id for that namespace here, as a moved slave would have made it.
        world.host.run("ip", "netns", "set", container.name, "auto")
        l3sync = world.start_l3sync()
        assert not l3sync.find("link-added", interface="x0")
