"""Orders that wait for a price: when they fire, what they then do, and every reason for a refusal."""

import pytest

from backhand.commands import CancelTrigger, CancelTriggers, ModifyTrigger, PlaceTrigger, Preset
from backhand.engine.state import FIRST_ID
from backhand.events import Event, OrderAccepted, Rejected, TriggerFired, TriggerPlaced
from tests.engine.worlds import INVERSE, LINEAR, World, contract

OPENING = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice x5                          | ok
open harry hedge x5                    | ok
open bob x5                            | ok
"""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
wait alice entry buy 3 at 103          | ok
wait alice entry buy 4 at 97 #down     | ok
waits alice                            | entry buy 3 >= 103, #down entry buy 4 <= 97
mark 102                               | ok
mark 103                               | entry fired 3 @ 101
mark 98                                | ok
mark 97                                | #down entry fired 4 @ 101
waits alice                            | none
holds alice                            | +7
mark 110                               | ok
""",
            id="by mark, rising and falling, exactly at the price, once",
        ),
        pytest.param(
            """
wait alice entry sell 3 at 103         | ok
wait alice entry sell 4 at 97          | ok
mark 104                               | entry fired 3 @ 99
mark 90                                | entry fired 4 @ 99
""",
            id="a price that jumps over it fires too",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 102 last     | ok
wait alice entry buy 3 at 98 last      | ok
mark 104                               | ok
mark 96                                | ok
mark 100                               | ok
buy bob 51                             | filled 50 @ 101 + 1 @ 102, entry fired 3 @ 102
sell bob 50                            | filled 50 @ 99
sell bob 1                             | filled 1 @ 98, entry fired 3 @ 102
""",
            id="by the last trade; the mark does not matter then",
        ),
        pytest.param(
            """
buy bob 1                              | filled 1 @ 101
wait alice entry buy 3 at 101 last     | entry fired 3 @ 101
wait alice entry buy 3 at 100 mark     | entry fired 3 @ 101
wait alice entry buy 3 at 99 last      | ok
waits alice                            | entry buy 3 <= 99 last
""",
            id="an entry whose price is the present one fires at once",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 102 last @100 | ok
buy bob 51                             | filled 50 @ 101 + 1 @ 102, entry fired
orders alice                           | buy 3 @ 100
wait alice entry buy 60 at 95 @102     | ok
mark 95                                | entry fired 49 @ 102
orders alice                           | buy 3 @ 100, buy 11 @ 102
""",
            id="with a limit it rests, or takes what there is within it",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice tp long 3 at 103            | ok
wait alice sl long 4 at 97             | ok
mark 103                               | tp fired 3 @ 99
waits alice                            | sl 4 <= 97
mark 97                                | sl fired 2 @ 99
holds alice                            | flat
""",
            id="sized protections close what is left at most",
        ),
        pytest.param(
            """
sell alice 5                           | filled 5 @ 99
wait alice tp short 3 at 97            | ok
wait alice sl short 4 at 103           | ok
mark 103                               | sl fired 4 @ 101
mark 97                                | tp fired 1 @ 101
holds alice                            | flat
""",
            id="those of a short the other way round",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice all-tp long at 103          | ok
wait alice all-sl long at 97           | ok
wait alice sl long 2 at 96             | ok
buy alice 3                            | filled 3 @ 101
mark 97 | all-sl fired 8 @ 99, all-tp ended position_closed, sl ended position_closed
holds alice                            | flat
waits alice                            | none
""",
            id="one of the whole position closes it as it is then, and the others end",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice all-tp long at 103 #a       | ok
wait alice all-tp long at 105 #b       | #a all-tp ended replaced
wait alice all-tp long at 99           | refused: long_take_profit_too_low
waits alice                            | #b all-tp all >= 105
mark 104                               | ok
mark 105                               | #b all-tp fired 5 @ 99
""",
            id="a second one of the whole position takes the place of the first",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
sell alice 5 @105 reduce #close        | ok
wait alice sl long 2 at 97             | ok
mark 97                                | cancelled #close 5 displaced, sl fired 2 @ 99
holds alice                            | +3
""",
            id="resting reduce-only orders make way",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice sl long 2 at 97 @98         | ok
wait alice tp long 2 at 104 @103       | ok
mark 97                                | sl fired 2 @ 99
mark 104                               | tp fired
orders alice                           | sell 2 @ 103
sell alice 3 reduce                    | filled 3 @ 99, cancelled 2 displaced
""",
            id="a protection with a limit rests as reduce-only",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 103 #b       | ok
wait bob entry buy 1 at 102 #a         | ok
wait alice entry buy 1 at 103 #c       | ok
mark 105 | #a entry fired 1 @ 101, #b entry fired 3 @ 101, #c entry fired 1 @ 101
""",
            id="several due at once: the nearest price first, then the older",
        ),
        pytest.param(
            """
wait bob entry sell 1 at 97 #c         | ok
wait alice entry sell 1 at 98 #b       | ok
wait alice entry sell 1 at 97 #d       | ok
mark 95                                | #b entry fired 1 @ 99, #c entry fired 1 @ 99, #d entry fired 1 @ 99
""",
            id="several due at once, falling",
        ),
        pytest.param(
            """
wait alice entry buy 50 at 103 #a      | ok
wait alice entry buy 50 at 102 last #b | ok
wait bob entry sell 1 at 102 last #c   | ok
house 99x9 / 101x49 102x50 104x9       | ok
mark 103 | #a entry fired 49 @ 101 + 1 @ 102, #b entry fired 49 @ 102 + 1 @ 104, #c entry fired 1 @ 99
""",
            id="what fires moves the last price, and that fires others",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice entry sell 5 at 97 #a       | ok
wait alice all-sl long at 97 #b        | ok
mark 97                                | #a entry fired 5 @ 99, #b all-sl ended position_closed
holds alice                            | flat
""",
            id="one that is due ends when another due before it closed its position",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice entry sell 9 at 97 reduce   | ok
wait alice entry sell 4 at 96 reduce   | ok
mark 97                                | entry failed reduce_only_too_large
mark 96                                | entry fired 4 @ 99
wait alice entry sell 3 at 95 reduce   | ok
sell alice 1                           | filled 1 @ 99
waits alice                            | entry sell 3 <= 95
mark 95                                | entry failed no_position_to_close
""",
            id="a reduce-only entry belongs to no position and is judged as an order",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 103 #a       | ok
drop alice #a                          | #a entry ended by_client
drop alice #a                          | refused: unknown_trigger
mark 103                               | ok
wait alice entry buy 3 at 110 #a       | refused: duplicate_client_oid
wait alice entry buy 3 at 110 #b       | ok
buy alice 3 #b                         | refused: duplicate_client_oid
buy alice 3 #c                         | filled 3 @ 101
wait alice tp long 3 at 110 #c         | refused: duplicate_client_oid
""",
            id="cancelled ones never fire, and names are shared with orders",
        ),
        pytest.param(
            """
buy alice 3                            | filled 3 @ 101
wait alice entry buy 3 at 103          | ok
wait alice tp long 3 at 103            | ok
wait alice sl long 3 at 90             | ok
dropall alice tp all-tp                | tp ended by_client
dropall alice tp all-tp                | refused: no_order_to_cancel
dropall alice entry sl                 | entry ended by_client, sl ended by_client
waits alice                            | none
""",
            id="cancelling kinds",
        ),
    ],
)
def test_one_way_triggers(world: World, rows: str) -> None:
    """Orders of one-way accounts wait for their price, then do what an order does."""
    log = OPENING + rows
    assert log == world.play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
wait harry entry buy 3 at 103          | refused: effect_missing
wait harry entry buy 3 at 103 invalid  | refused: effect_invalid
wait harry entry sell 3 at 103 open    | ok
wait harry entry sell 2 at 97 close    | ok
mark 103                               | entry fired 3 @ 99
mark 97                                | entry fired 2 @ 101
holds harry                            | S1
""",
            id="entries name the leg",
        ),
        pytest.param(
            """
buy harry 5 open                       | filled 5 @ 101
sell harry 4 open                      | filled 4 @ 99
wait harry all-sl long at 97           | ok
wait harry all-sl short at 103         | ok
wait harry tp short 2 at 96            | ok
wait harry tp long 2 at 104            | ok
waits harry                            | all-sl all <= 97, all-sl all >= 103, tp 2 <= 96, tp 2 >= 104
mark 97                                | all-sl fired 5 @ 99, tp ended position_closed
waits harry                            | all-sl all >= 103, tp 2 <= 96
mark 96                                | tp fired 2 @ 101
mark 103                               | all-sl fired 2 @ 101
holds harry                            | flat
""",
            id="each leg has its own protections",
        ),
        pytest.param(
            """
buy harry 10 open                      | filled 10 @ 101
buy harry 7 @105 close #close          | ok
wait harry sl long 5 at 97             | ok
wait harry all-sl long at 96           | ok
mark 97                                | sl fired 3 @ 99
mark 96                                | cancelled #close 7 displaced, all-sl fired 7 @ 99
holds harry                            | flat
""",
            id="a sized one closes what is free, one of the whole position all of it",
        ),
        pytest.param(
            """
buy harry 10 open                      | filled 10 @ 101
buy harry 10 @105 close #close         | ok
wait harry sl long 5 at 97 @97         | ok
wait harry all-sl long at 96 @104      | ok
mark 97                                | sl failed nothing_available_to_close
mark 96                                | cancelled #close 10 displaced, all-sl fired
orders harry                           | sell 10 @ 104
""",
            id="with a limit, the sized one finds nothing free",
        ),
    ],
)
def test_hedge_triggers(world: World, rows: str) -> None:
    """Orders of hedge accounts wait for one leg."""
    log = OPENING + rows
    assert log == world.play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice trail long 3 at 110 back=10 | ok
waits alice                            | trail 3 >= 110
mark 109                               | ok
mark 100                               | ok
mark 110                               | ok
waits alice                            | trail 3 best 110
mark 120                               | ok
mark 115                               | ok
waits alice                            | trail 3 best 120
house 108x50 / 121x50                  | ok
mark 108.0001                          | ok
mark 108                               | trail fired 3 @ 108
""",
            id="a long's: starts, follows up, turns exactly at the callback",
        ),
        pytest.param(
            """
sell alice 5                           | filled 5 @ 99
wait alice trail short 3 at 90 back=10 | ok
mark 91                                | ok
mark 90                                | ok
mark 80                                | ok
waits alice                            | trail 3 best 80
mark 87.9999                           | ok
house 79x50 / 88x50                    | ok
mark 88                                | trail fired 3 @ 88
""",
            id="a short's follows down and turns up",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice trail long 3 back=5         | ok
waits alice                            | trail 3 best 100
mark 95.1                              | ok
mark 95                                | trail fired 3 @ 99
""",
            id="without a price it starts at the present one",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice trail long 3 at 105 back=5  | ok
mark 120                               | ok
waits alice                            | trail 3 best 120
mark 90                                | trail fired 3 @ 99
""",
            id="gaps: it starts at what came, and turns wherever the price is then",
        ),
        pytest.param(
            """
wait alice follow buy 3 at 90 back=10  | ok
wait alice follow sell 3 back=10 #s    | ok
mark 110                               | ok
house 98x50 / 99x50                    | ok
mark 99                                | #s follow fired 3 @ 98
mark 90                                | ok
mark 80                                | ok
house 80x50 / 88x50                    | ok
mark 88                                | follow fired 3 @ 88
""",
            id="entries follow the other way: a buy down, a sell up",
        ),
        pytest.param(
            """
buy bob 1                              | filled 1 @ 101
wait alice follow buy 3 back=1 last    | ok
mark 90                                | ok
waits alice                            | follow buy 3 best 101 last
mark 100                               | ok
sell bob 1                             | filled 1 @ 99
waits alice                            | follow buy 3 best 99 last
buy bob 1                              | filled 1 @ 101, follow fired 3 @ 101
""",
            id="by the last price",
        ),
        pytest.param(
            """
wait alice follow buy 3 at 100 back=1  | ok
waits alice                            | follow buy 3 best 100
buy alice 1                            | filled 1 @ 101
wait alice trail long 1 at 100 back=1  | refused: long_take_profit_too_low
wait alice trail long 1 at 99 back=1   | refused: long_take_profit_too_low
sell alice 2                           | filled 2 @ 99
wait alice trail short 1 at 101 back=1 | refused: short_take_profit_too_high
""",
            id="an entry's start may have come; a protection's lies ahead",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice trail long 3 at 105 back=5  | ok
mark 110                               | ok
mark 106                               | ok
alter alice trail back=2               | trail now 3
waits alice                            | trail 3 best 106
alter alice trail at=120               | trail now 3
waits alice                            | trail 3 >= 120
alter alice trail at=100               | refused: long_take_profit_too_low
alter alice trail at=0 size=2          | trail now 2
waits alice                            | trail 2 best 106
alter alice trail back=11              | refused: callback_out_of_range
alter alice trail back=0               | refused: callback_out_of_range
mark 103.88                            | trail fired 2 @ 99
""",
            id="changed while it follows, it follows anew",
        ),
    ],
)
def test_trailing(world: World, rows: str) -> None:
    """A trailing order starts at its price, follows the best one since, and fires on the way back."""
    log = OPENING + rows
    assert log == world.play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
wait alice entry buy 3 at 103 #a       | ok
alter alice #a at=105 size=4 limit=101 by=last | #a entry now 4
waits alice                            | #a entry buy 4 >= 105 @ 101 last
mark 106                               | ok
alter alice #a by=mark at=108          | #a entry now 4
alter alice #a limit=0                 | #a entry now 4
mark 108                               | #a entry fired 4 @ 101
""",
            id="an entry",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 103 #a       | ok
alter alice #a at=97                   | #a entry now 3
mark 103                               | ok
waits alice                            | #a entry buy 3 <= 97
alter alice #a at=103                  | #a entry now 3, #a entry fired 3 @ 101
""",
            id="an entry that is brought to the other side, and to the price itself",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
wait alice all-sl long at 97 #a        | ok
alter alice #a at=95 size=2            | #a all-sl now all
alter alice #a at=101                  | refused: long_stop_loss_too_high
alter alice #a at=0                    | refused: invalid_price
wait alice sl long 2 at 94 #b          | ok
alter alice #b size=0                  | refused: size_too_small
alter alice #b size=1000001            | refused: size_too_large
alter alice #b limit=-1                | refused: invalid_price
alter alice #b back=5                  | #b sl now 2
mark 97                                | ok
mark 95                                | #a all-sl fired 5 @ 99, #b sl ended position_closed
""",
            id="protections; the size of the whole stays that",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 95 tp=110 sl=90 #a | ok
alter alice #a sl=none                 | #a entry now 3
alter alice #a tp=95                   | refused: long_take_profit_too_low
alter alice #a tp=111 sl=89            | #a entry now 3
waits alice                            | #a entry buy 3 <= 95 tp=111 sl=89
alter alice #a at=89                   | refused: long_stop_loss_too_high
mark 95                                | #a entry fired 3 @ 101, tp 3 waits, sl 3 waits
""",
            id="presets of an entry",
        ),
        pytest.param(
            """
wait alice entry buy 3 at 95 tp=110 sl=90 #a | ok
alter alice #a sl=89 keep=tp           | #a entry now 3
waits alice                            | #a entry buy 3 <= 95 tp=110 sl=89
alter alice #a tp=none keep=sl         | #a entry now 3
waits alice                            | #a entry buy 3 <= 95 sl=89
alter alice #a sl=97 keep=tp           | refused: long_stop_loss_too_high
alter alice #a tp=109last keep=sl      | #a entry now 3
waits alice                            | #a entry buy 3 <= 95 tp=109 sl=89
""",
            id="one preset of an entry; the other stays",
        ),
        pytest.param(
            """
wait alice entry buy 1 at 103 #a       | ok
wait alice entry buy 1 at 103 #b       | ok
alter alice #a size=2                  | #a entry now 2
mark 103                               | #b entry fired 1 @ 101, #a entry fired 2 @ 101
""",
            id="what was changed stands behind others of its price",
        ),
    ],
)
def test_modify_triggers(world: World, rows: str) -> None:
    """A waiting order can be changed; a change that is refused leaves it as it was."""
    log = OPENING + rows
    assert log == world.play(log)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        # In the order of precedence: each step has the faults of those below it as well, where it can.
        ("wait nobody entry buy 0 at 0", "unknown_account"),
        ("wait 0 entry buy 0 at 0", "unknown_account"),
        ("wait harry entry buy 0 at 0 #used", "effect_missing"),
        ("wait harry entry buy 0 at 0 invalid #used", "effect_invalid"),
        ("wait alice sl long 0 at 0 #used", "duplicate_client_oid"),
        ("wait alice sl long 0 at 0", "no_position_to_protect"),
        ("wait harry sl short 0 at 0", "no_position_to_protect"),
        ("wait harry trail long 0 at -1", "callback_out_of_range"),
        ("wait harry trail long 0 at -1 back=10.000001", "callback_out_of_range"),
        ("wait harry trail long 0 at -1 back=10", "invalid_price"),
        ("wait harry sl long 0 at 0", "invalid_price"),
        ("wait harry sl long 0 at -1", "invalid_price"),
        ("wait alice entry buy 0", "invalid_price"),
        ("wait harry sl long 0 at 99 @-1", "invalid_price"),
        ("wait harry sl long 0 at 100", "long_stop_loss_too_high"),
        ("wait harry tp long 0 at 100", "long_take_profit_too_low"),
        ("wait harry all-sl long at 101", "long_stop_loss_too_high"),
        ("wait harry all-tp long at 99", "long_take_profit_too_low"),
        ("wait carol sl short 0 at 100", "short_stop_loss_too_low"),
        ("wait carol tp short 0 at 100", "short_take_profit_too_high"),
        ("wait alice entry buy 0 at 90 tp=90", "long_take_profit_too_low"),
        ("wait alice entry buy 0 at 90 sl=90", "long_stop_loss_too_high"),
        ("wait alice entry buy 0 at 90 @80 sl=80", "long_stop_loss_too_high"),
        ("wait alice entry sell 0 at 90 tp=90", "short_take_profit_too_high"),
        ("wait alice entry sell 0 at 90 sl=90", "short_stop_loss_too_low"),
        ("wait alice follow buy 0 back=1 tp=100", "long_take_profit_too_low"),
        ("wait alice entry buy 0 at 90 tp=0", "invalid_price"),
        ("wait alice entry buy 0 at 90 tp=110@-1", "invalid_price"),
        ("wait alice entry buy 1 at 90", "size_too_small"),
        ("wait alice entry buy 100001 at 90", "size_too_large"),
        ("wait alice entry buy 1000001 at 90 @90", "size_too_large"),
        ("wait harry sl long 0 at 99", "size_too_small"),
        ("wait harry sl long -1 at 99", "size_too_small"),
        ("wait harry sl long at 99", "size_too_small"),
        ("wait harry sl long 100001 at 99", "size_too_large"),
    ],
)
def test_refusals(step: str, reason: str) -> None:
    """Each fault of a waiting order is refused with its reason, in the documented order."""
    world = World(contract(size_lots_min=2))
    world.play(OPENING + "open carol | ok\nsell carol 5 | filled 5 @ 99\nbuy harry 5 open | filled 5 @ 101\n")
    world.play("buy alice 2 @90 #used | ok\n")
    assert f"refused: {reason}" == world.step(step)
    assert "none" == world.step("waits alice")


@pytest.mark.parametrize(
    ("status", "step", "outcome"),
    [
        ("maintain", "wait alice entry buy 5 at 90", "refused: symbol_not_trading"),
        ("maintain", "wait alice sl long 5 at 90", "refused: symbol_not_trading"),
        ("limit_open", "wait alice entry buy 5 at 90", "refused: opening_disabled"),
        ("limit_open", "wait alice entry sell 5 at 90 reduce", "ok"),
        ("limit_open", "wait alice sl long 5 at 90", "ok"),
        ("maintain", "drop alice #waits", "#waits entry ended by_client"),
        ("maintain", "mark 103", "#waits entry failed symbol_not_trading"),
        ("limit_open", "mark 103", "#waits entry failed opening_disabled"),
        ("limit_open", "mark 96", "sl fired 2 @ 99"),
        ("off", "drop alice #waits", "refused: unknown_trigger"),
    ],
)
def test_contract_states(world: World, status: str, step: str, outcome: str) -> None:
    """A contract's state decides what may wait, and again what may fire."""
    world.play(OPENING + "buy alice 5 | filled 5 @ 101\nwait alice entry buy 5 at 103 #waits | ok\n")
    world.play(f"wait alice sl long 2 at 96 | ok\nterms status={status} | ok\n")
    assert outcome == world.step(step)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("buy 5 at 110", "no_liquidity"),
        ("buy 5 at 110 @130", "price_above_band"),
        ("sell 5 at 110 @90", "price_below_band"),
        ("buy 1 at 110 @3", "value_too_small"),
        ("buy 50000 at 110", "insufficient_margin"),
        ("buy 200000 at 110 @100", "tier_exceeded"),
        ("buy 5 at 110 isolated", "margin_mode_mismatch"),
        ("buy 5 at 110 tp=111", "long_take_profit_too_low"),
        ("sell 5 at 110 reduce", "no_position_to_close"),
    ],
)
def test_an_entry_that_cannot_be_placed_fails_with_its_reason(linear: World, entry: str, reason: str) -> None:
    """What an order would be refused for is told when the price has come, and the entry is gone."""
    linear.play(OPENING + "leverage alice 20 | ok\nbuy alice 1 @60 | ok\n")
    if reason == "insufficient_margin":
        linear.play("withdraw alice 999900 | ok\nhouse 99x1 / 101x100000 | ok\n")
    assert "ok" == linear.step(f"wait alice entry {entry} #e")
    if reason == "no_liquidity":
        linear.play("house 99x1 / | ok\n")
    assert f"#e entry failed {reason}" == linear.step("mark 112")
    assert "none" == linear.step("waits alice")
    (fired,) = [event for event in linear.venue.events[-1] if isinstance(event, TriggerFired)]
    assert ("e", 112 * 10**12, 0) == (fired.client_oid, fired.price_e12, fired.placed_order_id)


def test_a_close_that_would_bankrupt_fails(linear: World) -> None:
    """The closing guard holds for a stop-loss as well: nobody is closed below the bankruptcy price."""
    log = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice isolated x10                | ok
buy alice 10                           | filled 10 @ 101
wait alice sl long 5 at 97             | ok
wait alice sl long 5 at 96 @90         | ok
house 90x50 / 110x50                   | ok
mark 96                                | sl failed no_liquidity, sl failed limit_sell_bankrupts
holds alice                            | +10
"""
    assert log == linear.play(log)


GONE = ", all-tp ended position_closed, tp ended position_closed, trail ended position_closed"


@pytest.mark.parametrize(
    ("step", "outcome", "waiting"),
    [
        # A11: a full close ends them, a partial one keeps them; the new leg starts without.
        (
            "reverse {uid} long open",
            "closed 6 @ 99, opened 6 @ 99" + GONE,
            "entry",
        ),
        ("sell {uid} 2 reduce|buy {uid} 2 close", "filled 2 @ 99", "all"),
        (
            "sell {uid} 6 reduce|buy {uid} 6 close",
            "filled 6 @ 99" + GONE,
            "entry",
        ),
        (
            "close {uid}",
            "filled 6 @ 99" + GONE,
            "entry",
        ),
    ],
)
@pytest.mark.parametrize("uid", ["alice", "harry"])
def test_what_a_close_does_to_protections(
    world: World, uid: str, step: str, outcome: str, waiting: str
) -> None:
    """All protections end with their position, none of them before, and entries stay."""
    hedge = uid == "harry"
    effect = " open" if hedge else ""
    world.play(
        OPENING
        + f"""
buy {uid} 6{effect}                    | filled 6 @ 101
wait {uid} all-tp long at 120          | ok
wait {uid} tp long 4 at 121            | ok
wait {uid} trail long 6 back=10        | ok
wait {uid} entry buy 1 at 130{effect}  | ok
"""
    )
    forms = step.format(uid=uid).split("|")
    assert outcome == world.step(forms[-1] if hedge else forms[0])
    left = "entry buy 1 >= 130"
    if waiting == "all":
        left = f"all-tp all >= 120, tp 4 >= 121, trail 6 best 100, {left}"
    assert left == world.step(f"waits {uid}")


def test_a_partial_reversal_keeps_protections_capped(world: World) -> None:
    """What is left of a leg keeps its protections, which close no more than there is when they fire."""
    log = (
        OPENING
        + """
buy harry 6 open                       | filled 6 @ 101
wait harry tp long 5 at 110            | ok
wait harry all-sl long at 90           | ok
reverse harry long open 4              | closed 4 @ 99, opened 4 @ 99
waits harry                            | tp 5 >= 110, all-sl all <= 90
mark 110                               | tp fired 2 @ 99, all-sl ended position_closed
holds harry                            | S4
"""
    )
    assert log == world.play(log)


def test_a_turned_position_starts_without_protections(world: World) -> None:
    """An order through zero ends the protections of the old position; those of the new one are its own."""
    log = (
        OPENING
        + """
buy alice 5                            | filled 5 @ 101
wait alice all-sl long at 90           | ok
sell alice 8                           | filled 8 @ 99, all-sl ended position_closed
wait alice all-sl long at 90           | refused: no_position_to_protect
wait alice all-sl short at 110         | ok
buy alice 8                            | filled 8 @ 101, all-sl ended position_closed
mark 110                               | ok
mark 90                                | ok
holds alice                            | +5
"""
    )
    assert log == world.play(log)


def test_liquidation_ends_protections() -> None:
    """A position that is liquidated takes its protections along; they do not fire beside it."""
    world = World(LINEAR)
    log = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice isolated x10                | ok
buy alice 10                           | filled 10 @ 101
wait alice all-sl long at 93           | ok
house 89x90 / 101x50                   | ok
"""
    assert log == world.play(log)
    assert "all-sl ended position_closed" in world.step("mark 88")
    assert "flat" == world.step("holds alice")
    assert "none" == world.step("waits alice")


def test_modes_stay_while_orders_wait(world: World) -> None:
    """Position and margin mode cannot change, nor the grid of the contract, while anything waits."""
    other = "crossed" if world.margin_mode == "isolated" else "isolated"
    log = f"""
mark 100                               | ok
open alice x5                          | ok
wait alice entry buy 1 at 90 #a        | ok
mode alice hedge                       | refused: position_mode_busy
margin alice {other:<25} | refused: margin_mode_busy
buy alice 1 @90 {other:<22} | refused: margin_mode_mismatch
terms tick_e12=500000000000            | refused: contract_in_use
drop alice #a                          | #a entry ended by_client
mode alice hedge                       | ok
margin alice {other:<25} | {other}
terms tick_e12=500000000000            | ok
"""
    assert log == world.play(log)


def test_an_entry_brings_its_margin_mode(linear: World) -> None:
    """An entry on an idle symbol sets the margin mode when it fires, and not before."""
    log = (
        OPENING
        + """
wait alice entry buy 2 at 103 isolated | ok
isolated alice                         | flat
mark 103                               | isolated, entry fired 2 @ 101
isolated alice                         | 40.4
"""
    )
    assert log == linear.play(log)


def test_an_entry_prevents_self_trades(world: World) -> None:
    """The order of an entry meets the account's own as its mode says."""
    log = (
        OPENING
        + """
sell alice 5 @100 #own                 | ok
wait alice entry buy 2 at 103 stp=cancel_maker | ok
mark 103                               | cancelled #own 5 self_trade, entry fired 2 @ 101
"""
    )
    assert log == world.play(log)


def test_waiting_costs_nothing(linear: World) -> None:
    """Nothing is locked while an order waits: what it needs is judged when it fires."""
    linear.play(OPENING + "wait alice entry buy 5 at 90 @89 | ok\n")
    assert "0" == linear.step("locked alice")
    linear.play("mark 90 | entry fired\n")
    assert "89.267" == linear.step("locked alice")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (CancelTrigger("nobody", "ETHUSDT", client_oid="mine"), "unknown_account"),
        (CancelTrigger("alice", "NONE", client_oid="mine"), "unknown_symbol"),
        (CancelTrigger("alice", "ETHUSDT"), "unknown_trigger"),
        (CancelTrigger("alice", "ETHUSDT", FIRST_ID, "mine"), "unknown_trigger"),
        (CancelTrigger("alice", "ETHUSD", client_oid="mine"), "unknown_trigger"),
        (CancelTrigger("bob", "ETHUSDT", client_oid="mine"), "unknown_trigger"),
        (CancelTriggers("nobody", "USDT-FUTURES", ("entry",)), "unknown_account"),
        (CancelTriggers("alice", "NONE", ("entry",)), "unknown_product_type"),
        (CancelTriggers("alice", "USDT-FUTURES", ("entry",), "NONE"), "unknown_symbol"),
        (CancelTriggers("alice", "USDT-FUTURES", ("take_profit",)), "no_order_to_cancel"),
        (CancelTriggers("alice", "USDT-FUTURES", ()), "no_order_to_cancel"),
        (CancelTriggers("alice", "COIN-FUTURES", ("entry",)), "no_order_to_cancel"),
        (CancelTriggers("alice", "USDT-FUTURES", ("entry",), "ETHUSD"), "no_order_to_cancel"),
        (ModifyTrigger("nobody", "ETHUSDT", False, client_oid="mine"), "unknown_account"),
        (ModifyTrigger("alice", "NONE", False, client_oid="mine"), "unknown_symbol"),
        (ModifyTrigger("alice", "ETHUSDT", False), "unknown_trigger"),
        (ModifyTrigger("alice", "ETHUSDT", True), "unknown_protection"),
        (ModifyTrigger("alice", "ETHUSDT", True, client_oid="mine"), "unknown_protection"),
        (ModifyTrigger("alice", "ETHUSDT", False, client_oid="safe"), "unknown_trigger"),
        (ModifyTrigger("alice", "ETHUSD", False, client_oid="mine"), "unknown_trigger"),
        (ModifyTrigger("bob", "ETHUSDT", False, client_oid="mine"), "unknown_trigger"),
        (PlaceTrigger("alice", "NONE", "entry", 1, "mark", 90, 1), "unknown_symbol"),
        (PlaceTrigger("alice", "ETHUSD", "entry", 1, "mark", 90, 1), "no_index_price"),
    ],
)
def test_refusals_of_names(command: CancelTrigger, reason: str) -> None:
    """Only an account's own waiting orders of that symbol and group can be named; the order id wins."""
    world = World(LINEAR, INVERSE)
    world.play(OPENING + "buy alice 3 | filled 3 @ 101\nwait alice sl long 1 at 90 #safe | ok\n")
    world.play("wait alice entry buy 1 at 90 #mine | ok\n")
    (refusal,) = world.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


def test_the_order_of_a_trigger_tells_where_it_comes_from(linear: World) -> None:
    """What waits is told whole; its order names the kind as its source, and the trigger names the order."""
    linear.play(OPENING + "buy alice 5 | filled 5 @ 101\n")
    linear.do(PlaceTrigger("alice", "ETHUSDT", "position_stop_loss", 1, "last", 90, 3, 89, client_oid="stop"))
    (placed,) = linear.venue.events[-1]
    assert isinstance(placed, TriggerPlaced)
    shape = (placed.side, placed.hold_side, placed.reduce_only, placed.size_lots, placed.trigger_price_ticks)
    assert (-1, 0, True, 0, 90) == shape
    assert ("last", 89, "crossed", 5, 0) == (
        placed.trigger_by,
        placed.limit_price_ticks,
        placed.margin_mode,
        placed.leverage,
        placed.parent_order_id,
    )
    linear.play("mark 90 | ok\nhouse 89x60 / 101x50 | ok\nsell bob 1 | ok\n")
    events: list[Event] = linear.venue.events[-1]
    (fired,) = [event for event in events if isinstance(event, TriggerFired)]
    (order,) = [
        event for event in events if isinstance(event, OrderAccepted) and event.source == "position_stop_loss"
    ]
    assert (order.order_id, 89 * 10**12, None) == (fired.placed_order_id, fired.price_e12, fired.reason)
    assert ("limit", "gtc", 89, 5, True) == (
        order.order_type,
        order.time_in_force,
        order.price_ticks,
        order.size_lots,
        order.reduce_only,
    )


def test_an_entry_hands_its_presets_on(linear: World) -> None:
    """Presets of an entry are those of its order."""
    linear.play(OPENING + "wait alice entry buy 5 at 95 @94 tp=105@104 sl=90 | ok\nmark 95 | ok\n")
    (order,) = [event for event in linear.venue.events[-1] if isinstance(event, OrderAccepted)]
    assert (Preset(105, 104), Preset(90)) == (order.take_profit, order.stop_loss)


def test_a_stop_loss_needs_no_minimum_size(world: World) -> None:
    """It closes its part of a position however small that is: refusing it would be worse (WAIT-4)."""
    log = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice                             | ok
buy alice 10                           | filled 10 @ 101
wait alice sl long 2 at 98             | ok
terms size_lots_min=4                  | ok
mark 98                                | sl fired 2 @ 99
holds alice                            | +8
"""
    assert log == world.play(log)
