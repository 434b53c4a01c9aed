"""Liquidation step by step, and that it ends in every world (contracts.md section 9)."""

import pytest

from backhand.commands import (
    Command,
    ListContract,
    OpenAccount,
    PlaceOrder,
    PlaceTrigger,
    ReplaceLadder,
    SetPrice,
    Side,
    Transfer,
)
from backhand.engine import State, apply
from backhand.engine.audit import audit
from backhand.events import (
    DeficitCovered,
    Event,
    Fill,
    LiquidationStarted,
    PositionLiquidated,
    Rejected,
    TriggerCancelled,
    TriggerFired,
)
from backhand.units import E8, E12, E16
from tests.engine import naive_risk
from tests.engine.liquidating import RiskWorld, no_fees


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice isolated x10 with 150       | ok
buy alice 10                           | filled 10 @ 100
house 95x100 / 110x50                  | ok
liq alice                              | 90.9090909090909091
mark 91                                | ok
holds alice                            | +10
ratio alice                            | 0.91
mark 90.9                              | alice sold out 10 @ 95, over fund +50
holds alice                            | flat
wallet alice                           | 50
fund                                   | 50
""",
            id="isolated: taken over at 90, sold at 95, the difference feeds the fund",
        ),
        pytest.param(
            """
open alice isolated x10 with 150       | ok
buy alice 10                           | filled 10 @ 100
open bob isolated x10 with 150         | ok
house 91x10 / 110x50                   | ok
mark 90.9                              | alice sold out 10 @ 91, over fund +10
house 99x50 / 100x50                   | ok
mark 100                               | ok
buy bob 10                             | filled 10 @ 100
house 89x5 85x100 / 110x50             | ok
mark 90.9                              | bob sold out 5 @ 89, sold out 1 @ 85, adl 4 @ 90 0, over fund -10
wallet bob                             | 50
fund                                   | 0
house_wallet                           | 200
""",
            id="worse fills draw on the fund until it is empty, the rest is deleveraged",
        ),
        pytest.param(
            """
open alice x10 with 300                | ok
focus SOLUSDT                          | ok
margin alice isolated                  | isolated
buy alice 10                           | filled 10 @ 100
sell alice 1 @120 reduce #s            | ok
isolated alice                         | 100
focus ETHUSDT                          | ok
buy alice 10                           | filled 10 @ 100
house 70x20 / 110x50                   | ok
liq alice                              | 80.8080808080808081
mark 80.9                              | ok
mark 80                                | alice cancelled 1, adl 10 @ 80 0, over
holds alice                            | flat
wallet alice                           | 100
fund                                   | 0
focus SOLUSDT                          | ok
holds alice                            | +10
orders alice                           | none
isolated alice                         | 100
""",
            id="crossed: all orders end, the isolated position stays with its margin",
        ),
        pytest.param(
            """
open alice hedge isolated x20 with 200 | ok
buy alice 10 open                      | filled 10 @ 100
sell alice 4 open                      | filled 4 @ 99
house /                                | ok
mark 95                                | alice adl 4 @ 95 alice, adl 6 @ 95 0, over
holds alice                            | flat
wallet alice                           | 166
fund                                   | 0
house_wallet                           | 34
""",
            id="isolated hedge: the holder's own other leg is deleveraged and keeps its profit",
        ),
        pytest.param(
            """
open alice hedge x10 with 200          | ok
buy alice 12 open                      | filled 12 @ 100
sell alice 8 open                      | filled 8 @ 99
sell alice 1 @105 open #o              | ok
focus SOLUSDT                          | ok
margin alice isolated                  | isolated
buy alice 1 @55 open #i                | ok
focus ETHUSDT                          | ok
house 90x50 / 110x50                   | ok
holds alice                            | L12 S8
liq alice                              | 53.7234042553191489 53.7234042553191489
ratio alice                            | 0.09375 0.09375
mark 53.5                              | alice cancelled 2, netted 8 @ 54
holds alice                            | L4
wallet alice                           | 192
ratio alice                            | 0.3566666666666667
""",
            id="crossed hedge: orders end, legs are netted at mark, and that suffices",
        ),
        pytest.param(
            """
open alice hedge x10 with 150          | ok
buy alice 12 open                      | filled 12 @ 100
sell alice 8 open                      | filled 8 @ 99
house 20x50 / 110x50                   | ok
liq alice                              | 67.0212765957446809 67.0212765957446809
mark 62                                | alice netted 8 @ 62, adl 4 @ 65 0, over fund +2
holds alice                            | flat
wallet alice                           | 0
fund                                   | 2
""",
            id="crossed hedge: netting does not suffice",
        ),
        pytest.param(
            """
open alice x10 with 500                | ok
buy alice 39                           | filled 39 @ 100
house 88x50 / 110x50                   | ok
liq alice                              | 89.4764957264957265
mark 90                                | ok
ratio alice                            | 0.8218181818181819
mark 89                                | alice reduced 28 @ 88
holds alice                            | +11
wallet alice                           | 164
ratio alice                            | 0.2276744186046512
fund                                   | 0
""",
            id="crossed: two tiers down, and that suffices",
        ),
        pytest.param(
            """
open alice x10 with 900                | ok
house / 100x60                         | ok
buy alice 60                           | filled 60 @ 100
liq alice                              | 89.0740740740740741
house 90x10 88x100 / 110x50            | ok
mark 89.05                             | alice reduced 10 @ 90, reduced 28 @ 88
holds alice                            | +22
wallet alice                           | 464
ratio alice                            | 0.1308023307933663
""",
            id="crossed: two tiers down, and two again",
        ),
        pytest.param(
            """
open alice x10 with 500                | ok
sell alice 40                          | filled 40 @ 99
house 90x50 / 110x50                   | ok
liq alice                              | 107.9545454545454545
mark 108.5                             | alice reduced 22 @ 110
holds alice                            | -18
wallet alice                           | 258
ratio alice                            | 0.3340229885057472
fund                                   | 0
""",
            id="crossed short: down to the first tier",
        ),
        pytest.param(
            """
open alice x20 with 300                | ok
buy alice 39                           | filled 39 @ 100
house 96x5 90x3 / 110x50               | ok
liq alice                              | 94.8183760683760684
mark 95.9                              | ok
mark 95.5                              | ok
mark 94                                | alice reduced 5 @ 96, adl 34 @ 92 0, over fund +8
holds alice                            | flat
wallet alice                           | 0
fund                                   | 8
""",
            id="crossed: the book is too thin to come down at better than bankruptcy",
        ),
        pytest.param(
            """
open alice x10 with 300                | ok
buy alice 9                            | filled 9 @ 100
focus SOLUSDT                          | ok
buy alice 20                           | filled 20 @ 100
focus ETHUSDT                          | ok
house / 100x50                         | ok
mark 78                                | ok
ratio alice                            | 0.1080392156862746
focus SOLUSDT                          | ok
house / 100x50                         | ok
mark 95.4                              | alice adl 9 @ 78 0, over fund +2.68965517
holds alice                            | +20
ratio alice                            | 0.5219999998276416
focus ETHUSDT                          | ok
holds alice                            | flat
wallet alice                           | 99.31034483
fund                                   | 2.68965517
""",
            id="crossed: the symbol that lost most goes, the other is covered again and stays",
        ),
        pytest.param(
            """
focus ETHUSD                           | ok
open alice isolated x10 with 2         | ok
buy alice 9                            | filled 9 @ 100
isolated alice                         | 0.9
house 93x50 / 110x50                   | ok
liq alice                              | 91.7431192660550459
mark 91.8                              | ok
mark 91.7                              | alice sold out 9 @ 93, over fund +0.22258064
wallet alice                           | 1.1
fund                                   | 0.22258064
house_wallet                           | 0.67741935
""",
            id="inverse isolated: the fund earns coin",
        ),
        pytest.param(
            """
focus ETHUSD                           | ok
open alice hedge x20 with 0.6          | ok
buy alice 9 open                       | filled 9 @ 100
sell alice 3 open                      | filled 3 @ 99
house 50x1 / 150x1                     | ok
liq alice                              | 92.7570093457943925 92.7570093457943925
mark 91                                | alice netted 3 @ 91, adl 6 @ 92 0, over fund +0.04529382
holds alice                            | flat
mark 90.8                              | ok
holds alice                            | flat
wallet alice                           | 0
fund                                   | 0.04529382
""",
            id="inverse crossed hedge: netted, then taken over",
        ),
        pytest.param(
            """
open alice isolated x10 with 150       | ok
buy alice 10                           | filled 10 @ 100
auto alice long on                     | ok
house 90x100 / 110x50                  | ok
mark 90.9                              | alice sold out 10 @ 90, over
""",
            id="auto-margin: too little to come back to the initial margin",
        ),
        pytest.param(
            """
open alice isolated x10 with 250       | ok
buy alice 10                           | filled 10 @ 100
auto alice long on                     | ok
house 90x100 / 110x50                  | ok
mark 90.9                              | alice drew 81.9
isolated alice                         | 181.9
liq alice                              | 82.6363636363636364
add alice -60 long                     | ok
mark 82                                | alice sold out 10 @ 90, over fund +21.9
holds alice                            | flat
wallet alice                           | 128.1
fund                                   | 21.9
""",
            id="auto-margin: drawn before liquidation, while there is enough",
        ),
        pytest.param(
            """
open alice isolated x50 with 1000      | ok
house 100x50 / 110x50                  | ok
sell alice 19                          | filled 19 @ 100
add alice 870 short                    | ok
auto alice short on                    | ok
mark 145                               | alice sold out 19 @ 110, over fund +718
""",
            id="auto-margin: in a higher tier the initial margin is less than what is needed",
        ),
        pytest.param(
            """
mark 1500                              | ok
house 1500x5 / 1501x5                  | ok
open alice x50 with 32                 | ok
buy alice 1                            | filled 1 @ 1501
house 1490x5 / 1501x5                  | ok
mark 1489                              | ok
mark 1488.5                            | alice sold out 1 @ 1490, over fund +21
""",
            id="crossed: no lot of it would be left in a lower tier",
        ),
        pytest.param(
            """
open alice hedge isolated x10 with 400 | ok
buy alice 10 open                      | filled 10 @ 100
sell alice 5 open                      | filled 5 @ 99
sell alice 5 @110 open #other          | ok
buy alice 1 @50 open #same             | ok
sell alice 2 @95 close #cover          | ok
sell alice 1 @70 close #low            | ok
house 90x50 / 110x50                   | ok
mark 90.9                              | alice cancelled 3, sold out 10 @ 90, over
orders alice                           | #other sell 5 @ 110, #low buy 1 @ 70
""",
            id="isolated hedge: orders of the other leg stay, but for those that are in the way",
        ),
        pytest.param(
            """
open alice x10 with 109                | ok
buy alice 10                           | filled 10 @ 100
house 99x50 / 110x50                   | ok
mark 90.01                             | ok
mark 90                                | alice sold out 10 @ 99, over fund +99
""",
            id="crossed: at a ratio of exactly 1",
        ),
        pytest.param(
            """
open alice isolated x10 with 109       | ok
buy alice 10                           | filled 10 @ 100
add alice 9 long                       | ok
house 99x50 / 110x50                   | ok
mark 90.01                             | ok
mark 90                                | alice sold out 10 @ 99, over fund +99
""",
            id="isolated: at a ratio of exactly 1",
        ),
        pytest.param(
            """
open bob isolated x10 with 11          | ok
buy bob 1                              | filled 1 @ 100
add bob 0.66666666 long                | ok
house 90x1 / 100x50                    | ok
mark 90                                | bob sold out 1 @ 90, over fund +0.66666666
mark 100                               | ok
open alice isolated x30 with 10        | ok
buy alice 3                            | filled 3 @ 100
house 96x1 / 110x50                    | ok
mark 97                                | alice adl 3 @ 97 0, over fund +1
""",
            id="the fund pays no unit that it has not",
        ),
        pytest.param(
            """
open alice isolated x10 with 150       | ok
open bob isolated x10 with 150         | ok
buy alice 10                           | filled 10 @ 100
buy bob 10                             | filled 10 @ 100
house 95x10 / 110x50                   | ok
mark 90.9                              | alice sold out 10 @ 95, over fund +50, bob adl 10 @ 90 0, over
fund                                   | 50
""",
            id="what the book does not take is deleveraged, whatever the fund holds (MON-7)",
        ),
        pytest.param(
            """
open alice x50 with 30                 | ok
buy alice 12                           | filled 12 @ 100
ratio alice                            | 0.4666666666666667
liq alice                              | 98.6394557823129252
house 99x50 / 110x50                   | ok
mark 98.8                              | ok
ratio alice                            | 0.878974358974359
flat                                   | alice reduced 2 @ 99
holds alice                            | +10
wallet alice                           | 28
""",
            id="flat maintenance: the switch itself finds who no longer covers it",
        ),
    ],
)
def test_steps(log: str) -> None:
    """Cancel, net, come down by tiers, take over: each step only as far as it is needed."""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice x20 with 60                 | ok
buy alice 10                           | filled 10 @ 100
house /                                | ok
mark 1                                 | alice adl 10 @ 94 0, over
holds alice                            | flat
wallet alice                           | 0
fund                                   | 0
house_wallet                           | 60
holds 0                                | flat
""",
            id="one position is the whole open interest, the book is empty, the mark falls by 99 %",
        ),
        pytest.param(
            """
open alice isolated x20 with 60        | ok
sell alice 10                          | filled 10 @ 99
house /                                | ok
mark 10000                             | alice adl 10 @ 103 0, over fund +9.5
holds alice                            | flat
wallet alice                           | 10.5
fund                                   | 9.5
house_wallet                           | 40
""",
            id="the same for a short, and the mark rises a hundredfold",
        ),
        pytest.param(
            """
focus ETHUSD                           | ok
open alice x20 with 0.6                | ok
buy alice 10                           | filled 10 @ 100
house /                                | ok
liq alice                              | 95.2380952380952381
mark 1                                 | alice adl 10 @ 95 0, over fund +0.07368421
holds alice                            | flat
wallet alice                           | 0
fund                                   | 0.07368421
house_wallet                           | 0.52631578
""",
            id="an inverse long that loses a hundred times its margin",
        ),
        pytest.param(
            """
focus ETHUSD                           | ok
open alice isolated x20 with 0.6       | ok
sell alice 10                          | filled 10 @ 99
house /                                | ok
liq alice                              | 103.0927835051546392
mark 10000                             | alice adl 10 @ 104 0, over fund +0.01923076
holds alice                            | flat
wallet alice                           | 0.1
fund                                   | 0.01923076
house_wallet                           | 0.48076923
""",
            id="an inverse short cannot lose more than its coins",
        ),
        pytest.param(
            """
open alice x10 with 100                | ok
open bob x10 with 100                  | ok
house /                                | ok
buy alice 9 @100                       | ok
sell bob 9 @100                        | filled 9 @ 100
mark 1                                 | alice adl 9 @ 89 bob, over fund +1
holds alice                            | flat
holds bob                              | flat
wallet alice                           | 0
wallet bob                             | 199
fund                                   | 1
house_wallet                           | 0
""",
            id="two clients against each other, and a fall",
        ),
        pytest.param(
            """
open alice x10 with 100                | ok
open bob x10 with 100                  | ok
house /                                | ok
buy alice 9 @100                       | ok
sell bob 9 @100                        | filled 9 @ 100
mark 10000                             | bob adl 9 @ 111 alice, over fund +1
holds alice                            | flat
holds bob                              | flat
wallet alice                           | 199
wallet bob                             | 0
fund                                   | 1
house_wallet                           | 0
""",
            id="two clients against each other, and a rise",
        ),
        pytest.param(
            """
focus ETHUSD                           | ok
open alice x10 with 10.05              | ok
sell alice 10                          | filled 10 @ 99
house /                                | ok
mark 20000                             | alice adl 10 @ 20000 0, over fund +0.0995
wallet alice                           | 0
""",
            id="where no price is too bad there is none to settle at but the mark",
        ),
        pytest.param(
            """
open bob x50 with 300                  | ok
focus SOLUSDT                          | ok
index 100 for=5000                     | ok
buy bob 50                             | filled 50 @ 100
focus ETHUSDT                          | ok
open alice isolated x10 with 60        | ok
house /                                | ok
sell bob 5 @100                        | ok
buy alice 5                            | filled 5 @ 100
resume                                 | ok
focus SOLUSDT                          | ok
index 1 for=5000                       | ok
focus ETHUSDT                          | ok
mark 90.9                              | alice adl 5 @ 90 bob, over
""",
            id="who is deleveraged may have no price of its own left, and not be liquidated yet",
        ),
        pytest.param(
            """
open alice x10 with 60                 | ok
buy alice 5                            | filled 5 @ 100
house 99x1 98x1 / 100x50               | ok
mark 87                                | alice sold out 1 @ 99, sold out 1 @ 98, adl 3 @ 88 0, over fund +21
holds 0                                | flat
""",
            id="the house is the only counterparty: its bids first, then its position",
        ),
        pytest.param(
            """
open alice x10 with 100                | ok
buy alice 9                            | filled 9 @ 100
focus SOLUSDT                          | ok
sell alice 9                           | refused: insufficient_margin
mark 80                                | ok
house / 81x50                          | ok
focus ETHUSDT                          | ok
house / 100x50                         | ok
mark 60                                | alice adl 9 @ 89 0, over fund +1
holds alice                            | flat
wallet alice                           | 0
fund                                   | 1
house_wallet                           | 99
focus SOLUSDT                          | ok
holds alice                            | flat
""",
            id="the loss of one symbol is more than the account",
        ),
        pytest.param(
            """
open alice x10 with 179            | ok
buy alice 10                       | filled 10 @ 100
focus SOLUSDT                      | ok
sell alice 5                       | filled 5 @ 99
house /                            | ok
focus ETHUSDT                      | ok
house /                            | ok
mark 1                             | alice adl 10 @ 3 0, over fund +4, adl 5 @ 100 0, over fund -4 house 796
wallet alice                       | 0
fund                               | 0
house_wallet                       | 179
""",
            id="what the fund cannot pay, the house does",
        ),
        pytest.param(
            """
open alice isolated x10 with 1000      | ok
open bob isolated x50 with 20          | ok
house / 100x10                         | ok
buy alice 10                           | filled 10 @ 100
index 100 for=5000                     | ok
resume                                 | ok
index 86 for=5000                      | ok
house 86x10 /                          | ok
sell bob 10                            | filled 10 @ 86
holds bob                              | -10
holds 0                                | flat
index 86 for=5000                      | alice adl 10 @ 87 bob, over house 30
holds alice                            | flat
holds bob                              | flat
wallet alice                           | 900
wallet bob                             | 10
fund                                   | 0
house_wallet                           | 110
""",
            id="deleveraged no further than at its own bankruptcy price",
        ),
    ],
)
def test_every_world_comes_to_an_end(log: str) -> None:
    """Whatever the gap and whoever is left, liquidation ends, nobody owes, and no unit is made."""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice isolated x10 with 150       | ok
open bob x10 with 100                  | ok
buy alice 10                           | filled 10 @ 100
buy bob 10                             | filled 10 @ 100
house 60x50 / 110x50                   | ok
index 100 for=5000                     | ok
resume                                 | ok
index 80 for=5000                      | ok
holds alice                            | +10
holds bob                              | +10
index 70 for=5000                      | ok
holds alice                            | +10
index 69 for=5000                      | alice adl 10 @ 90 0, over, bob adl 10 @ 90 0, over
holds alice                            | flat
holds bob                              | flat
""",
            id="unconfirmed: a first price liquidates nobody; one near it does, also those who waited",
        ),
        pytest.param(
            """
open alice isolated x10 with 150       | ok
buy alice 10                           | filled 10 @ 100
index 100 for=5000                     | ok
resume                                 | ok
index 80 for=5000                      | ok
add alice 1 long                       | ok
holds alice                            | +10
""",
            id="unconfirmed: nor does it when something else makes the venue look",
        ),
        pytest.param(
            """
open alice x10 with 200 | ok
buy alice 9             | filled 9 @ 100
focus SOLUSDT           | ok
index 100 for=5000      | ok
buy alice 9             | filled 9 @ 100
house /                 | ok
focus ETHUSDT           | ok
house /                 | ok
days 1                  | ok
mark 79                 | ok
days 1                  | ok
mark 78.5               | ok
holds alice             | +9
mark 79.5               | ok
mark 78                 | ok
holds alice             | +9
focus SOLUSDT           | ok
index 100 for=5000      | alice adl 9 @ 78 0, over fund +0.87640449, adl 9 @ 100 0, over fund +1.12359551
holds alice             | flat
""",
            id="stale: a crossed account waits for the good price of every symbol it holds",
        ),
        pytest.param(
            """
open alice x10 with 200                | ok
buy alice 9                            | filled 9 @ 100
focus SOLUSDT                          | ok
index 100 for=5000                     | ok
buy alice 9                            | filled 9 @ 100
focus ETHUSDT                          | ok
days 1                                 | ok
mark 78                                | ok
mark 99                                | ok
focus SOLUSDT                          | ok
index 100 for=5000                     | ok
holds alice                            | +9
""",
            id="stale: those who are well again when the good price comes are left alone",
        ),
        pytest.param(
            """
open alice x10 with 1000               | ok
margin alice isolated                  | isolated
buy alice 9                            | filled 9 @ 100
add alice 400 long                     | ok
focus SOLUSDT                          | ok
index 100 for=5000                     | ok
buy alice 9                            | filled 9 @ 100
focus ETHUSDT                          | ok
house /                                | ok
days 1                                 | ok
index 100 for=5000                     | ok
add alice 1 long                       | ok
days 1                                 | ok
add alice -401 long                    | ok
index 80 for=5000                      | alice adl 9 @ 90 0, over
""",
            id="stale: who waits for one symbol can wait for another as well",
        ),
    ],
)
def test_prices_that_may_not_liquidate(log: str) -> None:
    """A stale, absent or unconfirmed price liquidates nobody; the next good one looks at those who waited."""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize("fall", [True, False])
@pytest.mark.parametrize("mode", ["crossed", "isolated"])
@pytest.mark.parametrize("against", ["house", "each other"])
def test_everybody_at_the_edge_at_once(fall: bool, mode: str, against: str) -> None:
    """Hundreds of accounts lose everything at one price: all losers end flat and are told once, none owes."""
    state = State()
    pairs = [(f"loser{number}", f"winner{number}") for number in range(200)]
    side: Side = 1 if fall else -1
    play(state, ListContract(no_fees("ETHUSDT")))
    play(state, SetPrice("ETHUSDT", 100 * E12, 100 * E12))
    for loser, winner in pairs:
        for uid in (loser, winner):
            play(state, OpenAccount(uid, margin_mode="isolated" if mode == "isolated" else "crossed"))
            play(state, Transfer(uid, "USDT", 50 * E8))
        if against == "house":
            play(state, ReplaceLadder("ETHUSDT", ((100, 9),), ()) if side < 0 else _ask(100))
        else:
            play(state, PlaceOrder(winner, "ETHUSDT", -1 if side > 0 else 1, "limit", 9, 100))
        play(state, PlaceOrder(loser, "ETHUSDT", side, "market", 9))
    play(state, ReplaceLadder("ETHUSDT", ((96, 500),), ((104, 500),)))
    events = play(state, SetPrice("ETHUSDT", E12, (100 - side * 20) * E12))
    over = [event.uid for event in events if isinstance(event, PositionLiquidated)]
    assert sorted(loser for loser, _ in pairs) == sorted(over)
    assert {0} == {state.accounts[uid].holdings["ETHUSDT"].lots(side) for uid in over}
    # All that an account stands on when crossed, the margin of 45 when isolated.
    lost = 50 if mode == "crossed" else 45
    assert {(50 - lost) * E8} == {state.accounts[uid].ledgers["USDT"].wallet_e8 for uid in over}
    assert [] == naive_risk.faults(state) + naive_risk.below_zero(state)


def _ask(price_ticks: int) -> ReplaceLadder:
    return ReplaceLadder("ETHUSDT", (), ((price_ticks, 9),))


def play(state: State, command: Command) -> list[Event]:
    events = apply(state, command, state.time_ms + 1)
    assert not any(isinstance(event, Rejected) for event in events), events
    audit(state)
    return events


def test_what_liquidation_fills_moves_the_last_price_and_not_the_mark() -> None:
    """Its trades set off orders that wait for the last price, whose fills may end others in turn."""
    world = RiskWorld()
    world.play(
        """
open alice isolated x10 with 150       | ok
open bob x10 with 1000                 | ok
buy alice 10                           | filled 10 @ 100
buy bob 5                              | filled 5 @ 100
house 95x10 85x20 / 110x50             | ok
"""
    )
    world.do(PlaceTrigger("bob", "ETHUSDT", "position_stop_loss", 1, "last", 95))
    mark_e12 = 90 * E12 + 9 * E12 // 10
    events = world.do(SetPrice("ETHUSDT", mark_e12, mark_e12))
    told = [type(event).__name__ for event in events if isinstance(event, PositionLiquidated | TriggerFired)]
    assert ["PositionLiquidated", "TriggerFired"] == told
    fills = [(event.uid, event.price_ticks, event.kind) for event in events if isinstance(event, Fill)]
    assert [("alice", 95, "liquidation"), ("bob", 85, "trade")] == [fill for fill in fills if fill[0] != "0"]
    assert (85, mark_e12) == (world.market.last_price_ticks, world.market.mark_price_e12)


@pytest.mark.parametrize(("mode", "ended"), [("crossed", ["liquidation"]), ("isolated", [])])
def test_entries_that_wait_end_with_a_crossed_account(mode: str, ended: list[str]) -> None:
    """A crossed account loses its waiting entries too, an isolated leg only what belongs to it."""
    world = RiskWorld()
    world.play(f"open alice {mode} x10 with 100 | ok\nbuy alice 9 | filled 9 @ 100\n")
    world.do(PlaceTrigger("alice", "SOLUSDT", "entry", 1, "mark", 150, 1))
    events = world.do(SetPrice("ETHUSDT", 88 * E12, 88 * E12))
    assert any(isinstance(event, PositionLiquidated) for event in events)
    assert ended == [event.reason.value for event in events if isinstance(event, TriggerCancelled)]


def test_protection_outlives_the_orders_of_a_crossed_account() -> None:
    """A position that is brought down by tiers, and stays, keeps its stop-loss."""
    world = RiskWorld()
    world.play(
        """
open alice x10 with 500                | ok
buy alice 39                           | filled 39 @ 100
house 88x50 / 110x50                   | ok
wait alice all-sl long at 50           | ok
"""
    )
    log = """
mark 89                                | alice reduced 28 @ 88
waits alice                            | all-sl all <= 50
"""
    assert log == world.play(log)


def test_fees_of_a_liquidation_come_out_of_what_it_brings() -> None:
    """The fund gets what the book brings beyond the bankruptcy price, less the taker's fee."""
    world = RiskWorld(taker_fee_rate_e8=100_000)
    log = """
open alice isolated x10 with 150       | ok
buy alice 10                           | filled 10 @ 100
wallet alice                           | 149
house 95x100 / 110x50                  | ok
mark 91                                | alice sold out 10 @ 95, over fund +49.05
wallet alice                           | 49
"""
    assert log == world.play(log)


def test_a_liquidation_tells_the_ratio_that_began_it() -> None:
    """It begins at a margin ratio of 1 or more, and names the leg or, when crossed, none."""
    for mode, side in (("crossed", 0), ("isolated", 1)):
        world = RiskWorld()
        world.play(f"open alice {mode} x10 with 100 | ok\nbuy alice 9 | filled 9 @ 100\n")
        events = world.do(SetPrice("ETHUSDT", 88 * E12, 88 * E12))
        (started,) = [event for event in events if isinstance(event, LiquidationStarted)]
        assert ("alice", "USDT", "ETHUSDT", side) == (
            started.uid,
            started.margin_coin,
            started.symbol,
            started.side,
        )
        assert started.margin_ratio_e16 >= E16
        assert not any(isinstance(event, DeficitCovered) for event in events)


def test_terms_that_need_more_margin_liquidate_at_once() -> None:
    """New tiers count from the command that lists them."""
    world = RiskWorld()
    world.play("open alice x50 with 30 | ok\nbuy alice 9 | filled 9 @ 100\n")
    stricter = no_fees("ETHUSDT", tiers=world.contract.tiers[3:])
    world.contract = stricter
    log = "terms status=normal | alice sold out 9 @ 99, over fund +21\n"
    assert log == world.play(log)
