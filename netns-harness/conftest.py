"""Fixtures. `world` is the topology of harness/topology.py, new for each test."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness.l3sync import find_binaries  # noqa: E402
from harness.stage import Stage  # noqa: E402
from harness.topology import World  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: the shortest proof that the main job is done")
    config.addinivalue_line("markers", "matrix: a cell of clients, servers and parents")
    config.addinivalue_line("markers", "matrix_rest: a cell that only 'netns-harness/check matrix' runs")
    if os.geteuid() != 0:
        raise pytest.UsageError("these tests need a namespace with ipvlan: start them with netns-harness/run")


def pytest_collection_finish(session):
    """One clear line instead of a failure for each test."""
    if any("without_l3sync" not in item.nodeid for item in session.items):
        try:
            find_binaries()
        except FileNotFoundError as error:
            raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed:
        for world in getattr(item, "worlds", ()):
            for name, text in world.logs():
                report.sections.append((name, text))


@pytest.fixture
def make_world(request, tmp_path):
    """make_world(sysctls=..., host_address=...) → World; ends with the test."""
    request.node.worlds = []

    def make(**options):
        folder = tmp_path / f"world-{len(request.node.worlds)}"
        folder.mkdir()
        request.node.worlds.append(World(folder, **options))
        return request.node.worlds[-1]

    yield make
    try:
        for world in request.node.worlds:
            for l3sync in world.l3syncs:
                assert not l3sync.sanitizer_reports()
                assert l3sync.ended_by_test or l3sync.alive(), f"l3sync died\n{l3sync.log()}"
    finally:
        for world in request.node.worlds:
            world.close()


@pytest.fixture(params=["default", "quiet"])
def world(request, make_world):
    """Once with the kernel's default sysctls, once with a host that says nothing on its own."""
    return make_world(sysctls=request.param)


@pytest.fixture
def default_world(make_world):
    return make_world(sysctls="default")


@pytest.fixture
def make_stage(make_world):
    """make_stage(dnsmasq's options..., parent=...) → Stage; ends with the test."""
    stages = []

    def make(*server_options, **world_options):
        stages.append(Stage(make_world(host_address=True, **world_options), *server_options))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


@pytest.fixture
def stage(make_stage):
    return make_stage()
