"""
Tables of reversals under policies: one row a policy, each played in a world of its own.

    close   auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far

The left side is what is sent beside the rest of the request; behind it stand both legs, what is held, and
which orders are left. Positions are written as in hedge mode. `played` gives a table back with what really
happened; what was cancelled is missing from the orders.
"""

from backhand.commands import Contract
from tests.engine.worlds import World


def played(focus: Contract, margin_mode: str, setup: str, table: str, *, sent: str, views: str = "") -> str:
    """
    Play a set-up and then one reversal of alice's, once for each row of a table.

    Args:
        setup: A trading log that must come out as it says.
        sent: What every request says as well: the leg in hedge mode, a price guard.
        views: What is shown behind what is held and the orders, for example "waits".
    """
    rows = []
    for line in table.strip().splitlines():
        policy = line.partition("|")[0].strip()
        world = World(focus, margin_mode=margin_mode)
        reached = world.play(setup)
        assert setup == reached, reached
        # The default shortfall is not sent: "close" would be taken for a trade side.
        legs = world.step(f"reverse alice {sent} {policy.removeprefix('close')}")
        legs = legs.partition(", cancelled")[0].partition(", all-tp")[0]
        held = world.step("holds alice").replace("+", "L").replace("-", "S")
        orders = [word for word in world.step("orders alice").split() if word[0] == "#"]
        shown = [world.step(f"{view} alice") for view in views.split()]
        rows.append(" | ".join([f"{policy:<18}", legs, held, " ".join(orders) or "none", *shown]))
    return "\n" + "\n".join(rows) + "\n"
