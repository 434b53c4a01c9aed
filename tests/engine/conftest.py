"""Worlds that rules hold in alike: both kinds of contract, both margin modes."""

import pytest

from tests.engine.worlds import INVERSE, LINEAR, World


@pytest.fixture(params=["linear crossed", "linear isolated", "inverse crossed", "inverse isolated"])
def world(request: pytest.FixtureRequest) -> World:
    """A venue with one contract, in each kind and margin mode."""
    kind, margin_mode = request.param.split()
    return World(LINEAR if kind == "linear" else INVERSE, margin_mode=margin_mode)


@pytest.fixture
def linear() -> World:
    """A venue with one linear contract and crossed margin: where amounts are written out."""
    return World(LINEAR)


@pytest.fixture
def inverse() -> World:
    """A venue with one inverse contract and crossed margin."""
    return World(INVERSE)
