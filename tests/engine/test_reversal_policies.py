"""
Every policy of a reversal in every situation that it is for, as tables of exact end states.

Alice holds 10 long, bought at 101, and bids for 1 far below. Each table has the 12 combinations of shortfall
and openOrders; it is played in both position modes, on a linear and an inverse contract, crossed and
isolated, without a price guard and with a worstPrice or a maxSlippage that do not matter. What a guard that
matters does stands in tables of its own. Source: DESIGN section 5; deviations REV-4 to REV-6.
"""

from typing import Final, NamedTuple

import pytest

from backhand.commands import Contract
from tests.engine.policies import played
from tests.engine.worlds import INVERSE, LINEAR, PLENTY

MODES: Final = ("one-way", "hedge")
KINDS: Final = ((LINEAR, "crossed"), (LINEAR, "isolated"), (INVERSE, "crossed"), (INVERSE, "isolated"))
#: None, and two at the edge of the band.
LOOSE: Final = ("", "worst=90", "slip=0.1")


class Case(NamedTuple):
    """
    A situation and what each policy makes of it.

    `steps` lead there, "close N @P" being an order of alice's that closes part of her position; `deposit`
    is hers on a linear and on an inverse contract.
    """

    name: str
    table: str
    steps: tuple[str, ...] = ()
    modes: tuple[str, ...] = MODES
    deposit: tuple[str, str] = (PLENTY, PLENTY)
    views: str = ""


def setup(mode: str, steps: tuple[str, ...], deposit: str) -> str:
    """Write the log that leads to a situation."""
    opens = " open" if mode == "hedge" else ""
    log = [
        "mark 100 | ok",
        "house 99x1000 / 101x1000 | ok",
        f"open alice {mode} x10 with {deposit} | ok",
        f"buy alice 10{opens} | filled 10 @ 101",
        f"buy alice 1 @95{opens} #far | ok",
    ]
    closing = "buy alice {} close" if mode == "hedge" else "sell alice {} reduce"
    for step in steps:
        verb, _, rest = step.partition(" ")
        log.append(f"{closing.format(rest) if verb == 'close' else step} | ok")
    return "\n" + "\n".join(log) + "\n"


def play(case: Case, mode: str, kind: tuple[Contract, str], guard: str) -> str:
    """Play a case's table."""
    focus, margin_mode = kind
    log = setup(mode, case.steps, case.deposit[focus.inverse])
    sent = f"long open {guard}" if mode == "hedge" else guard
    return played(focus, margin_mode, log, case.table, sent=sent, views=case.views)


CASES: Final = (
    Case(
        "enough margin",
        """
close   auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   exclude    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
largest auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest exclude    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
strict  auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  exclude    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
""",
    ),
    Case(
        "margin for 60 %, or 70 % without the far order",
        """
close   auto       | closed 10 @ 96, opened 0, shortfall_margin | flat | #far
close   exclude    | closed 10 @ 96, opened 0, shortfall_margin | flat | #far
close   include    | closed 10 @ 96, opened 0, shortfall_margin | flat | #far
close   cancel_all | closed 10 @ 96, opened 0, shortfall_margin | flat | none
largest auto       | closed 10 @ 96, opened 6 @ 96, shortfall_margin | S6 | #far
largest exclude    | closed 10 @ 96, opened 6 @ 96, shortfall_margin | S6 | #far
largest include    | closed 10 @ 96, opened 6 @ 96, shortfall_margin | S6 | #far
largest cancel_all | closed 10 @ 96, opened 7 @ 96, shortfall_margin | S7 | none
strict  auto       | refused: not_both_legs | L10 | #far
strict  exclude    | refused: not_both_legs | L10 | #far
strict  include    | refused: not_both_legs | L10 | #far
strict  cancel_all | refused: not_both_legs | L10 | #far
""",
        ("mark 96", "house 96x1000 / 97x1000"),
        deposit=("121", "1.25"),
    ),
    Case(
        "dust",
        """
close   auto       | closed 10 @ 99, opened 0, shortfall_dust | flat | #far
close   exclude    | closed 10 @ 99, opened 0, shortfall_dust | flat | #far
close   include    | closed 10 @ 99, opened 0, shortfall_dust | flat | #far
close   cancel_all | closed 10 @ 99, opened 0, shortfall_dust | flat | none
largest auto       | closed 10 @ 99, opened 0, shortfall_dust | flat | #far
largest exclude    | closed 10 @ 99, opened 0, shortfall_dust | flat | #far
largest include    | closed 10 @ 99, opened 0, shortfall_dust | flat | #far
largest cancel_all | closed 10 @ 99, opened 0, shortfall_dust | flat | none
strict  auto       | refused: not_both_legs | L10 | #far
strict  exclude    | refused: not_both_legs | L10 | #far
strict  include    | refused: not_both_legs | L10 | #far
strict  cancel_all | refused: not_both_legs | L10 | #far
""",
        ("terms size_lots_min=11",),
    ),
    Case(
        "partly locked by close orders",
        """
close   auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   exclude    | closed 3 @ 99, opened 0, shortfall_locked | L7 | #far #c1 #c2
close   include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
largest auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest exclude    | closed 3 @ 99, opened 0, shortfall_locked | L7 | #far #c1 #c2
largest include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
strict  auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  exclude    | refused: not_both_legs | L10 | #far #c1 #c2
strict  include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
""",
        ("close 4 @105 #c1", "close 3 @106 #c2"),
        modes=("one-way",),
    ),
    Case(
        "partly locked by close orders",
        """
close   auto       | closed 3 @ 99, opened 3 @ 99 | L7 S3 | #far #c1 #c2
close   exclude    | closed 3 @ 99, opened 3 @ 99 | L7 S3 | #far #c1 #c2
close   include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
largest auto       | closed 3 @ 99, opened 3 @ 99 | L7 S3 | #far #c1 #c2
largest exclude    | closed 3 @ 99, opened 3 @ 99 | L7 S3 | #far #c1 #c2
largest include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
strict  auto       | refused: not_both_legs | L10 | #far #c1 #c2
strict  exclude    | refused: not_both_legs | L10 | #far #c1 #c2
strict  include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
""",
        ("close 4 @105 #c1", "close 3 @106 #c2"),
        modes=("hedge",),
    ),
    Case(
        "wholly locked by close orders",
        """
close   auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   exclude    | refused: nothing_available_to_close | L10 | #far #c1 #c2 #c3
close   include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
close   cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
largest auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest exclude    | refused: nothing_available_to_close | L10 | #far #c1 #c2 #c3
largest include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
largest cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
strict  auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  exclude    | refused: nothing_available_to_close | L10 | #far #c1 #c2 #c3
strict  include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far
strict  cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none
""",
        ("close 4 @105 #c1", "close 3 @106 #c2", "close 3 @107 #c3"),
    ),
    Case(
        "take-profit and stop-loss set",
        """
close   auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
close   exclude    | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
close   include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
close   cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none | none
largest auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
largest exclude    | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
largest include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
largest cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none | none
strict  auto       | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
strict  exclude    | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
strict  include    | closed 10 @ 99, opened 10 @ 99 | S10 | #far | none
strict  cancel_all | closed 10 @ 99, opened 10 @ 99 | S10 | none | none
""",
        ("wait alice all-tp long at 109", "wait alice sl long 4 at 94"),
        views="waits",
    ),
    Case(
        "a book for part of the close leg",
        """
close   auto       | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
close   exclude    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
close   include    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
close   cancel_all | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
largest auto       | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
largest exclude    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
largest include    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
largest cancel_all | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
strict  auto       | refused: not_both_legs | L10 | #far
strict  exclude    | refused: not_both_legs | L10 | #far
strict  include    | refused: not_both_legs | L10 | #far
strict  cancel_all | refused: not_both_legs | L10 | #far
""",
        ("house 99x4 / 101x1000",),
    ),
    Case(
        "a book for part of the open leg",
        """
close   auto       | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
close   exclude    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
close   include    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
close   cancel_all | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
largest auto       | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
largest exclude    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
largest include    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
largest cancel_all | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
strict  auto       | refused: not_both_legs | L10 | #far
strict  exclude    | refused: not_both_legs | L10 | #far
strict  include    | refused: not_both_legs | L10 | #far
strict  cancel_all | refused: not_both_legs | L10 | #far
""",
        ("house 99x14 / 101x1000",),
    ),
    Case(
        "an empty book",
        """
close   auto       | refused: no_liquidity | L10 | #far
close   exclude    | refused: no_liquidity | L10 | #far
close   include    | refused: no_liquidity | L10 | #far
close   cancel_all | refused: no_liquidity | L10 | #far
largest auto       | refused: no_liquidity | L10 | #far
largest exclude    | refused: no_liquidity | L10 | #far
largest include    | refused: no_liquidity | L10 | #far
largest cancel_all | refused: no_liquidity | L10 | #far
strict  auto       | refused: no_liquidity | L10 | #far
strict  exclude    | refused: no_liquidity | L10 | #far
strict  include    | refused: no_liquidity | L10 | #far
strict  cancel_all | refused: no_liquidity | L10 | #far
""",
        ("house / 101x1000",),
    ),
)

#: With a guard that lets only the best price pass.
GUARDED: Final = (
    Case(
        "part of the close leg within",
        """
close   auto       | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | #far
close   exclude    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | #far
close   include    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | #far
close   cancel_all | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
largest auto       | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | #far
largest exclude    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | #far
largest include    | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | #far
largest cancel_all | closed 4 @ 99, opened 0, shortfall_liquidity | L6 | none
strict  auto       | refused: price_guard_broken | L10 | #far
strict  exclude    | refused: price_guard_broken | L10 | #far
strict  include    | refused: price_guard_broken | L10 | #far
strict  cancel_all | refused: price_guard_broken | L10 | #far
""",
        ("house 99x4 98x1000 / 101x1000",),
    ),
    Case(
        "part of the open leg within",
        """
close   auto       | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | #far
close   exclude    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | #far
close   include    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | #far
close   cancel_all | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
largest auto       | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | #far
largest exclude    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | #far
largest include    | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | #far
largest cancel_all | closed 10 @ 99, opened 4 @ 99, shortfall_liquidity | S4 | none
strict  auto       | refused: price_guard_broken | L10 | #far
strict  exclude    | refused: price_guard_broken | L10 | #far
strict  include    | refused: price_guard_broken | L10 | #far
strict  cancel_all | refused: price_guard_broken | L10 | #far
""",
        ("house 99x14 98x1000 / 101x1000",),
    ),
)


@pytest.mark.parametrize("guard", LOOSE)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0].symbol} {kind[1]}")
@pytest.mark.parametrize(
    ("case", "mode"), [(case, mode) for case in CASES for mode in case.modes], ids=lambda each: str(each[0])
)
def test_every_policy_in_every_situation(
    case: Case, mode: str, kind: tuple[Contract, str], guard: str
) -> None:
    """Legs, position, orders and triggers left are those of the table; refusals change nothing."""
    assert case.table == play(case, mode, kind, guard)


@pytest.mark.parametrize("guard", ["worst=99", "slip=0.01", "worst=98 slip=0.01", "worst=99 slip=0.1"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0].symbol} {kind[1]}")
@pytest.mark.parametrize(
    ("case", "mode"), [(case, mode) for case in GUARDED for mode in case.modes], ids=lambda each: str(each[0])
)
def test_every_policy_within_a_guard(case: Case, mode: str, kind: tuple[Contract, str], guard: str) -> None:
    """No fill is beyond the guard, the nearer of both where two were sent; strict refuses for it by name."""
    assert case.table == play(case, mode, kind, guard)


@pytest.mark.parametrize("guard", ["worst=100", "slip=0", "slip=0.009"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0].symbol} {kind[1]}")
@pytest.mark.parametrize("mode", MODES)
def test_a_guard_that_lets_nothing_pass_refuses(mode: str, kind: tuple[Contract, str], guard: str) -> None:
    """Whatever the policy: without any price within the guard nothing is done."""
    rows = [row.partition("|")[0] for row in CASES[0].table.strip().splitlines()]
    table = "".join(f"\n{row}| refused: price_guard_broken | L10 | #far" for row in rows) + "\n"
    case = Case("nothing within", table)
    assert table == play(case, mode, kind, guard)
