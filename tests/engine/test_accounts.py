"""Accounts, keys, money in and out, and settings."""

from typing import Any

import pytest

from backhand.commands import (
    Command,
    ConfigureVenue,
    OpenAccount,
    OpenKey,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Transfer,
)
from backhand.events import KeyOpened, Rejected
from backhand.units import E8
from tests.engine.worlds import LINEAR, World, contract

START = """
mark 100                               | ok
house 99x5000 / 100x5000               | ok
terms taker_fee_rate_e8=0 maker_fee_rate_e8=0 | ok
"""


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (ConfigureVenue("other"), "venue_already_configured"),
        (OpenAccount("alice"), "account_exists"),
        (OpenAccount("0"), "account_exists"),
        (OpenAccount("bob", leverage=0), "leverage_out_of_range"),
        (OpenKey("nobody", "k", b"", b""), "unknown_account"),
        (OpenKey("0", "k", b"", b""), "unknown_account"),
        (OpenKey("alice", "known", b"", b""), "key_exists"),
        (Transfer("nobody", "USDT", E8), "unknown_account"),
        (Transfer("0", "USDT", E8), "unknown_account"),
        (Transfer("alice", "DOGE", E8), "unknown_coin"),
        (Transfer("alice", "USDT", 0), "invalid_amount"),
        (Transfer("alice", "USDT", -1_000_001 * E8), "insufficient_funds"),
        (SetLeverage("nobody", "ETHUSDT", 5), "unknown_account"),
        (SetLeverage("0", "ETHUSDT", 5), "unknown_account"),
        (SetLeverage("alice", "NONE", 5), "unknown_symbol"),
        (SetLeverage("alice", "ETHUSDT"), "leverage_missing"),
        (SetLeverage("alice", "ETHUSDT", 126), "leverage_out_of_range"),
        (SetLeverage("alice", "ETHUSDT", 0), "leverage_out_of_range"),
        (SetMarginMode("nobody", "ETHUSDT", "isolated"), "unknown_account"),
        (SetMarginMode("0", "ETHUSDT", "isolated"), "unknown_account"),
        (SetMarginMode("alice", "NONE", "isolated"), "unknown_symbol"),
        (SetPositionMode("nobody", "USDT-FUTURES", True), "unknown_account"),
        (SetPositionMode("0", "USDT-FUTURES", True), "unknown_account"),
        (SetPositionMode("alice", "COIN-FUTURES", True), "unknown_product_type"),
    ],
)
def test_refusals(linear: World, command: Command, reason: str) -> None:
    """Each fault is refused with its reason."""
    linear.play("open alice | ok\n")
    linear.do(OpenKey("alice", "known", b"sealed", b"hash"))
    (refusal,) = linear.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


def test_keys_keep_what_they_were_opened_with(linear: World) -> None:
    """A key holds its secret material as it arrived, and its event shows none of it."""
    linear.play("open alice | ok\n")
    (opened,) = linear.do(OpenKey("alice", "k", b"sealed", b"hash", ("read",)))
    assert KeyOpened("alice", "k", ("read",)) == opened
    key = linear.state.keys["k"]
    assert ("alice", b"sealed", b"hash", ("read",)) == (
        key.uid,
        key.sealed_secret,
        key.passphrase_hash,
        key.permissions,
    )


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
open alice x10 with 100                | ok
withdraw alice 101                     | refused: insufficient_funds
withdraw alice 40                      | ok
wallet alice                           | 60
""",
            id="no more than there is",
        ),
        pytest.param(
            """
open alice x10 with 200                | ok
buy alice 10                           | filled 10 @ 100
withdraw alice 101                     | refused: insufficient_funds
mark 105                               | ok
withdraw alice 96                      | refused: insufficient_funds
withdraw alice 95                      | ok
mark 95                                | ok
withdraw alice 1                       | refused: insufficient_funds
""",
            id="not what crossed positions need or have lost, and no unrealised profit",
        ),
        pytest.param(
            """
open alice x10 with 200                | ok
buy alice 10 @90                       | ok
withdraw alice 111                     | refused: insufficient_funds
withdraw alice 110                     | ok
""",
            id="not what orders have reserved",
        ),
        pytest.param(
            """
open alice isolated x10 with 200       | ok
buy alice 10                           | filled 10 @ 100
mark 200                               | ok
withdraw alice 101                     | refused: insufficient_funds
withdraw alice 100                     | ok
""",
            id="not what isolated positions hold",
        ),
    ],
)
def test_withdrawals(linear: World, rows: str) -> None:
    """What may leave is maxTransferOut (contracts.md section 6)."""
    log = START + rows
    assert log == linear.play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
open alice with 100                    | ok
leverage alice 10                      | ok
buy alice 10                           | filled 10 @ 100
leverage alice 10                      | ok
leverage alice 9                       | refused: leverage_margin_missing
leverage alice 20                      | ok
buy alice 10 @50 #o                    | ok
leverage alice 20                      | ok
leverage alice 30                      | refused: leverage_orders_open
cancel alice #o                        | cancelled #o 10 by_client
leverage alice long=30                 | ok
leverage alice short=25 40             | ok
""",
            id="crossed: one value, while margin suffices and no order is open",
        ),
        pytest.param(
            """
open alice isolated with 180           | ok
leverage alice 10                      | ok
buy alice 10                           | filled 10 @ 100
isolated alice                         | 100
leverage alice 20                      | ok
isolated alice                         | 100
leverage alice 8                       | ok
isolated alice                         | 125
leverage alice 5                       | refused: leverage_margin_missing
isolated alice                         | 125
""",
            id="isolated: lowering draws the missing margin, raising leaves it",
        ),
        pytest.param(
            """
open alice hedge isolated with 1000    | ok
leverage alice 10                      | refused: leverage_side_missing
leverage alice 10 long                 | ok
leverage alice 5 short                 | ok
buy alice 10 open                      | filled 10 @ 100
sell alice 10 open                     | filled 10 @ 99
isolated alice                         | 100 198
leverage alice long=20 short=10        | ok
leverage alice long=5                  | ok
isolated alice                         | 200 198
""",
            id="hedged isolated: each leg its own",
        ),
        pytest.param(
            """
open alice x10 with 1000000            | ok
buy alice 5000                         | filled 5000 @ 100
mark 210                               | ok
leverage alice 51                      | refused: leverage_above_tier
leverage alice 50                      | ok
""",
            id="no more than the tier of the position allows",
        ),
    ],
)
def test_leverage(linear: World, rows: str) -> None:
    """Leverage changes as contracts.md section 12 says."""
    log = START + rows
    assert log == linear.play(log)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"leverage_max": 125}, {"leverage_max": 50}),
        ({"leverage_min": 1}, {"leverage_min": 2}),
    ],
)
def test_leverage_can_be_set_after_the_range_has_changed(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """What other modes are set to does not matter: a leverage inside the range can always be set."""
    world = World(contract(**before))
    log = f"""
open alice x{"125" if "leverage_max" in after else "1  "}                        | ok
margin alice crossed                   | crossed
terms {next(iter(after))}={next(iter(after.values())):<18} | ok
leverage alice 20                      | ok
"""
    assert log == world.play(log)


def test_defaults_of_an_account_are_inside_the_contracts_range() -> None:
    """An account's default leverage is brought into the range of each contract."""
    world = World(contract(leverage_min=3, leverage_max=50))
    world.play("open low x1 | ok\nopen high x125 | ok\n")
    assert [3, 50] == [world.holding(uid).crossed_leverage for uid in ("low", "high")]


@pytest.mark.parametrize("busy", ["buy alice 1", "buy alice 1 @95"])
def test_modes_change_only_while_idle(linear: World, busy: str) -> None:
    """Margin mode and position mode change while flat and without orders (contracts.md section 12)."""
    log = (
        START
        + """
open alice                             | ok
mode alice hedge                       | ok
mode alice oneway                      | ok
margin alice isolated                  | isolated
margin alice crossed                   | crossed
"""
    )
    assert log == linear.play(log)
    linear.step(busy)
    log = """
mode alice hedge                       | refused: position_mode_busy
mode alice oneway                      | ok
margin alice isolated                  | refused: margin_mode_busy
margin alice crossed                   | crossed
"""
    assert log == linear.play(log)


def test_a_position_mode_belongs_to_a_product_type() -> None:
    """Changing one product type's mode is not hindered by, and does not touch, another's."""
    other = contract("ETHUSD", inverse=True)
    world = World(LINEAR, other)
    world.play(START + "open alice | ok\nbuy alice 1 | ok\n")
    world.contract = other
    world.play("mode alice hedge | ok\n")
    account = world.state.accounts["alice"]
    assert (True, False) == (account.hedge_mode("COIN-FUTURES"), account.hedge_mode("USDT-FUTURES"))


def test_a_refused_command_leaves_no_trace_in_later_ones() -> None:
    """An account that was refused an order behaves, after new terms, like one that never asked."""
    leverages = []
    for asked in (True, False):
        world = World(contract(leverage_max=50))
        world.play("mark 100 | ok\nopen alice x125 | ok\n")
        if asked:
            assert "refused: no_liquidity" == world.step("buy alice 1")
        world.play("terms leverage_max=125 | ok\n")
        leverages.append(world.holding("alice").crossed_leverage)
    assert leverages[0] == leverages[1]


def test_a_refused_withdrawal_opens_no_ledger(linear: World) -> None:
    """An account has money in the coins that it was given, and in no coin that it only asked for."""
    linear.play("open alice with 0 | ok\n")
    assert "refused: insufficient_funds" == linear.step("withdraw alice 1")
    assert {} == linear.state.accounts["alice"].ledgers
