from collections import Counter

import msgspec
import pytest

from backhand.commands import HOUSE_UID
from backhand.events import DeficitCovered, FundingPaid, MarginMoved, PositionLiquidated, Transferred
from backhand.projections.applied import Applied
from backhand.projections.bills import FIRST_BILL_ID, MARGIN_KINDS, BillKind, BillRow, BillsFold
from backhand.projections.orders import OrdersFold
from backhand.units import E8
from tests.projections.played import played
from tests.projections.tape import FIRST_ID, START_MS, Tape


def bills_of(applied: list[Applied]) -> list[BillRow]:
    orders, bills = OrdersFold(), BillsFold()
    return [row for one in applied for row in bills.fold(one, orders.fold(one).fills)]


def test_a_trade_is_billed_with_its_profit_its_fee_and_the_wallet_after_it() -> None:
    """One row for each fill of a client, numbered without gaps; the house has none."""
    tape = Tape()
    order = tape.accept(size_lots=3)
    fills = [tape.fill(order.order_id, lots, wallet_e8=1_000 * lots) for lots in (1, 2)]
    tape.step(order, *(half for fill in fills for half in (fill, tape.house_fill(fill))), after_ms=5)
    common = ("1", "USDT-FUTURES", "USDT", "BTCUSDT")
    assert [
        BillRow(FIRST_BILL_ID, *common, "buy", (3 - 20) * E8, 7, 1_000 * E8, START_MS + 5),
        BillRow(FIRST_BILL_ID + 1, *common, "buy", (6 - 20) * E8, 14, 2_000 * E8, START_MS + 5),
    ] == bills_of(tape.applied)


@pytest.mark.parametrize(
    ("hold_side", "side", "reduce_only", "kind", "source", "expected"),
    [
        (0, 1, False, "trade", "normal", "buy"),
        (0, -1, True, "trade", "normal", "sell"),
        (1, 1, False, "trade", "normal", "open_long"),
        (1, -1, True, "trade", "normal", "close_long"),
        (-1, -1, False, "trade", "normal", "open_short"),
        (-1, 1, True, "trade", "normal", "close_short"),
        (-1, 1, True, "netting", "netting", "close_short"),
        (1, -1, True, "reduction", "liquidation", "reduction_long"),
        (0, 1, True, "reduction", "liquidation", "reduction_buy"),
        (-1, 1, True, "liquidation", "liquidation", "liquidation_short"),
        (0, -1, True, "liquidation", "liquidation", "liquidation_sell"),
        (1, -1, True, "adl", "adl", "adl_long"),
        (0, 1, True, "adl", "adl", "adl_buy"),
        # Who is liquidated against a deleveraged position is not deleveraged.
        (1, -1, True, "adl", "liquidation", "liquidation_long"),
        (-1, 1, True, "delivery", "delivery", "delivery_short"),
        (0, -1, True, "delivery", "delivery", "delivery_long"),
    ],
)
def test_what_a_fill_is_billed_as(
    hold_side: int, side: int, reduce_only: bool, kind: str, source: str, expected: str
) -> None:
    """The leg in hedge mode, the trade in one-way mode, and what the venue itself does by its own name."""
    tape = Tape()
    order = tape.accept(size_lots=1, hold_side=hold_side, side=side, reduce_only=reduce_only, source=source)
    tape.step(order, tape.fill(order.order_id, 1, kind=kind))
    assert [expected] == [row.kind for row in bills_of(tape.applied)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Transferred("1", "USDT", 500, 700), ("USDT-FUTURES", "USDT", "", "deposit", 500, 700)),
        (Transferred("1", "BTC", -5, 2), ("COIN-FUTURES", "BTC", "", "withdrawal", -5, 2)),
        (
            FundingPaid("1", "BTCUSD", -1, FIRST_ID, 3, -9, 90),
            ("COIN-FUTURES", "BTC", "BTCUSD", "funding", -9, 90),
        ),
        (
            PositionLiquidated("1", "USDT", "BTCUSDT", 1, FIRST_ID, 5, 100, 40, 0, 60, 1),
            ("USDT-FUTURES", "USDT", "BTCUSDT", "fund_settlement", -40, 60),
        ),
        (
            PositionLiquidated("1", "USDT", "BTCUSDT", 1, FIRST_ID, 5, 100, -40, 2, 0, 1),
            ("USDT-FUTURES", "USDT", "BTCUSDT", "fund_settlement", 42, 0),
        ),
        (
            DeficitCovered("1", "USDT", 30, 4, 0, 0),
            ("USDT-FUTURES", "USDT", "", "fund_settlement", 34, 0),
        ),
    ],
)
def test_what_moves_a_wallet_without_a_trade(event: object, expected: tuple[object, ...]) -> None:
    """Transfers, funding and what the insurance fund settles, each in the product type of its coin."""
    tape = Tape()
    (row,) = bills_of([*tape.applied, tape.step(event)])  # type: ignore[arg-type]  # Any event.
    amounts = (row.amount_e16 // E8, row.balance_e16 // E8)
    assert expected == (row.product_type, row.coin, row.symbol, row.kind, *amounts)


@pytest.mark.parametrize(
    ("amount_e16", "cause", "kind"),
    [
        (7, "client", "margin_added"),
        (-7, "client", "margin_removed"),
        (7, "leverage", "margin_by_leverage"),
        (7, "auto", "margin_drawn"),
    ],
)
def test_a_margin_move_leaves_the_balance_as_it_is(amount_e16: int, cause: str, kind: BillKind) -> None:
    """The amount is what the leg gained, to all 16 decimals, and the balance that of the wallet."""
    tape = Tape()
    moved = MarginMoved("1", "BTCUSDT", 1, amount_e16, 123, cause, FIRST_ID, 456)  # type: ignore[arg-type]  # A table.
    (row,) = bills_of([*tape.applied, tape.step(moved)])
    assert (kind, amount_e16, 456 * E8, 0) == (row.kind, row.amount_e16, row.balance_e16, row.fee_e8)


def test_nothing_that_moves_nothing_is_billed() -> None:
    """The house has no bills, and neither has what came to zero."""
    tape = Tape()
    house = Transferred(HOUSE_UID, "USDT", 500, 700)
    even = PositionLiquidated("1", "USDT", "BTCUSDT", 1, FIRST_ID, 5, 100, 0, 0, 60, 1)
    assert [] == bills_of([*tape.applied, tape.step(house, even)])


def balance_faults(rows: list[BillRow]) -> list[BillRow]:
    """The rows whose balance is not the one before, plus the amount, less the fee; margin adds none."""
    wallets_e16: Counter[tuple[str, str]] = Counter()
    faults = []
    for row in rows:
        if row.kind not in MARGIN_KINDS:
            wallets_e16[row.uid, row.coin] += row.amount_e16 - row.fee_e8 * E8
        if wallets_e16[row.uid, row.coin] != row.balance_e16:
            faults.append(row)
    return faults


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bills_add_up_to_every_balance_of_the_engine(seed: int) -> None:
    """Nothing moves a client's wallet that is not billed: each balance follows from the rows before it."""
    state, applied = played(seed, 1_500)
    rows = bills_of(applied)
    assert [] == balance_faults(rows)
    last = {(row.uid, row.coin): row.balance_e16 for row in rows}
    wallets = {
        (uid, coin): ledger.wallet_e8 * E8
        for uid, account in state.accounts.items()
        for coin, ledger in account.ledgers.items()
        if (uid, coin) in last
    }
    assert wallets == last
    assert {"buy", "open_long", "funding", "withdrawal"} <= {row.kind for row in rows}


def test_the_check_of_balances_catches_a_posting_that_is_left_out() -> None:
    """The canary: without one of its rows a coin no longer adds up."""
    _, applied = played(1, 300)
    rows = bills_of(applied)
    funding = next(row for row in rows if row.kind == "buy" and row.amount_e16 - row.fee_e8)
    assert balance_faults([row for row in rows if row is not funding])


def test_a_fold_that_resumes_goes_on_counting() -> None:
    """The newest id is all that it needs besides the contracts."""
    tape = Tape()
    tape.step(Transferred("1", "USDT", 1, 1))
    tape.step(Transferred("1", "USDT", 2, 3))
    first, second = bills_of(tape.applied)
    resumed = BillsFold(last_bill_id=first.bill_id)
    for one in tape.applied[:1]:
        resumed.fold(one, [])
    assert [second] == resumed.fold(tape.applied[-1], [])
    assert second.bill_id == msgspec.structs.replace(first, bill_id=first.bill_id + 1).bill_id
