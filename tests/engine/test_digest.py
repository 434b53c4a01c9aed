"""The digest: what differs in a state shows in it."""

import pytest

from backhand.engine.digest import state_digest
from tests.engine.worlds import LINEAR, World

START = "mark 100 | ok\nhouse 99x500 / 101x500 | ok\nopen alice | ok\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("buy alice 1 @98", "buy alice 2 @98", id="size"),
        pytest.param("buy alice 1 @98", "buy alice 1 @97", id="price"),
        pytest.param("buy alice 1 @98", "buy alice 1 @98 sl=90", id="what it brings along"),
        # A change of size or price places another order on these terms.
        pytest.param("buy alice 1 @98", "buy alice 1 @98 post_only", id="whether it may take"),
        pytest.param("buy alice 1 @98", "buy alice 1 @98 stp=cancel_taker", id="its rule for own orders"),
    ],
)
def test_orders_that_differ(one: str, other: str) -> None:
    """Two venues whose resting orders differ in anything that can matter later have other digests."""
    worlds = [World(LINEAR), World(LINEAR)]
    for world, step in zip(worlds, (one, other), strict=True):
        world.play(START)
        assert "ok" == world.step(step)
    first, second = (state_digest(world.state) for world in worlds)
    assert first != second
