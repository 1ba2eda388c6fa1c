"""What an earlier run left in the kernel is where the next one begins."""

import pytest


def start_with_two_leases(world):
    guests = world.raw_guests("t0", "t1")
    world.router.start_dnsmasq(lease="2m")
    l3sync = world.start_l3sync()
    clients = [guest.client(f"raw-{guest.link}") for guest in guests]
    for client in clients:
        client.bind()
        world.kernel.wait_address(client.guest.link, client.address)
        world.kernel.wait_no_local_route(client.address)
    return l3sync, clients


@pytest.mark.smoke
def test_killed_and_started_again_it_goes_on(world):
    """K6: addresses stayed, are adopted, renew and release as before."""
    l3sync, (first, second) = start_with_two_leases(world)
    watch = world.kernel.watch_addresses()
    l3sync.kill()
    for client in (first, second):
        assert world.kernel.address(client.guest.link, client.address)
        assert world.router.pings(client.address)
    world.router.start_dnsmasq(lease="1h")
    l3sync = world.start_l3sync()
    for client in (first, second):
        adopted = l3sync.wait_event("address-confirmed", interface=client.guest.link, address=client.address, origin="adopted")
        assert 0 < adopted["valid_lifetime"] <= 120
    first.renew()
    first.wait_ack()
    l3sync.wait_event("address-refreshed", interface="t0", address=first.address)
    world.kernel.wait(lambda: world.kernel.address("t0", first.address).valid > 3000, 30, "the renewed lifetime")
    assert [c for c in watch.changes() if not c.added and c.address.address in (first.address, second.address)] == []
    second.release()
    world.kernel.wait_gone("t1", second.address)
    for client in (first, second):
        world.kernel.wait_no_local_route(client.address)
    watch.close()


def test_local_route_that_came_while_it_was_dead_is_taken_away(default_world):
    """The kernel makes it anew with every link up."""
    world = default_world
    l3sync, (first, _) = start_with_two_leases(world)
    l3sync.kill()
    world.host.ip("link set t0 down", "link set t0 up")
    assert world.kernel.local_route(first.address)
    world.start_l3sync()
    world.kernel.wait_no_local_route(first.address)


def test_address_that_became_the_hosts_meanwhile_is_taken_from_the_slave(default_world):
    world = default_world
    l3sync, (first, _) = start_with_two_leases(world)
    l3sync.kill()
    world.host.ip(f"addr add {first.address}/24 dev h0")
    world.start_l3sync()
    world.kernel.wait_gone("t0", first.address)


def test_terminated_it_leaves_the_addresses(default_world):
    """Design §8: they expire by themselves; a restart adopts them."""
    world = default_world
    l3sync, clients = start_with_two_leases(world)
    assert l3sync.terminate() == 0
    assert l3sync.find("stopped")
    for client in clients:
        assert world.kernel.address(client.guest.link, client.address)


def test_second_instance_is_refused(default_world):
    """Design §8: with the pid of the first; a dry run may run beside it."""
    world = default_world
    world.add_slaves("t0")
    first = world.start_l3sync()
    second = world.start_l3sync(wait_ready=False)
    second.ended_by_test = True
    assert second.wait_exit() == 1
    assert str(first.pid) in second.log()
    world.start_l3sync("--dry-run", helper_options=["--dry-run"])
    assert first.alive()
