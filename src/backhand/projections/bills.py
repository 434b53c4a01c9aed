"""
Bills of clients: every posting to a wallet and every move of an isolated margin, folded from events.

    trades, liquidation, ADL, netting, delivery ─┐
    funding, deposits, withdrawals               ├─▶ one row each, in the order in which they happened
    what the insurance fund settled              │
    margin moves                                ─┘

The rows of a coin add up: the balance after a row of a wallet is the balance before, plus its amount, less
its fee. A margin move shows what the leg gained, and leaves the balance as it is. The house has no bills.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, get_args

import msgspec

from backhand.commands import HOUSE_UID, LONG, Contract
from backhand.engine.invariants import invariant
from backhand.events import (
    ContractListed,
    DeficitCovered,
    Event,
    Fill,
    FundingPaid,
    MarginMoved,
    PositionLiquidated,
    Transferred,
)
from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow
from backhand.units import E8

#: What a bill is for. `long` and `short` name the leg in hedge mode, `buy` and `sell` the trade in one-way
#: mode; `delivery` names the leg in both.
BillKind = Literal[
    "buy",
    "sell",
    "open_long",
    "open_short",
    "close_long",
    "close_short",
    "reduction_long",
    "reduction_short",
    "reduction_buy",
    "reduction_sell",
    "liquidation_long",
    "liquidation_short",
    "liquidation_buy",
    "liquidation_sell",
    "adl_long",
    "adl_short",
    "adl_buy",
    "adl_sell",
    "delivery_long",
    "delivery_short",
    "funding",
    "deposit",
    "withdrawal",
    "fund_settlement",
    "margin_added",
    "margin_removed",
    "margin_by_leverage",
    "margin_drawn",
]
BILL_KINDS: Final[tuple[BillKind, ...]] = get_args(BillKind)
#: What moves margin of an isolated leg and no wallet.
MARGIN_KINDS: Final[tuple[BillKind, ...]] = (
    "margin_added",
    "margin_removed",
    "margin_by_leverage",
    "margin_drawn",
)
TRANSFER_KINDS: Final[tuple[BillKind, ...]] = ("deposit", "withdrawal")
#: 19 digits from the start, as every identifier.
FIRST_BILL_ID: Final = 10**18

_KIND_OF_NAME: Final[dict[str, BillKind]] = {kind: kind for kind in BILL_KINDS}


class BillRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    One posting.

    `amount_e16` is what the wallet (or, of a margin move, the leg's margin) gained without `fee_e8`, which
    was charged (positive); `balance_e16` is the wallet afterwards. `symbol` is "" where none is concerned.
    """

    bill_id: int
    uid: str
    product_type: str
    coin: str
    symbol: str
    kind: BillKind
    amount_e16: int
    fee_e8: int
    balance_e16: int
    created_at_ms: int


class BillsFold:
    """A pure fold: the same commands, in any pieces, give the same rows with the same ids."""

    def __init__(self, contracts: Iterable[Contract] = (), last_bill_id: int = FIRST_BILL_ID - 1) -> None:
        """Start from nothing, or resume with the contracts and the newest id of an earlier fold."""
        self._contracts: dict[str, Contract] = {}
        #: margin coin -> the product type of the first contract in it.
        self._product_types: dict[str, str] = {}
        self._last_bill_id = last_bill_id
        for contract in contracts:
            self._list(contract)

    def fold(self, applied: Applied, fills: Sequence[FillRow]) -> list[BillRow]:
        """
        Take in one applied command and give its bills.

        Args:
            applied: What happened.
            fills: The clients' fills of the same command, as `OrdersFold` gives them.
        """
        rows: list[BillRow] = []
        next_fill = iter(fills)
        for event in applied.events:
            # `type`, not isinstance: as in `orders`.
            if type(event) is Fill:
                if event.uid != HOUSE_UID:
                    rows.append(self._trade(event, next(next_fill), applied.time_ms))
            elif type(event) is ContractListed:
                self._list(event.contract)
            else:
                row = self._other(event, applied.time_ms)
                if row is not None:
                    rows.append(row)
        return rows

    def _list(self, contract: Contract) -> None:
        self._contracts[contract.symbol] = contract
        self._product_types.setdefault(contract.margin_coin, contract.product_type)

    def _trade(self, event: Fill, fill: FillRow, time_ms: int) -> BillRow:
        invariant(event.order_id == fill.order_id, "fills are given in the order of their events")
        return BillRow(
            self._take_id(),
            event.uid,
            fill.product_type,
            fill.margin_coin,
            event.symbol,
            _kind_of_fill(fill),
            event.profit_e8 * E8,
            event.fee_e8,
            event.wallet_e8 * E8,
            time_ms,
        )

    def _other(self, event: Event, time_ms: int) -> BillRow | None:
        """Give the bill of what is no trade, if it moves anything of a client's."""
        kind: BillKind
        if type(event) is FundingPaid:
            kind, coin, symbol = "funding", self._contracts[event.symbol].margin_coin, event.symbol
            amount_e16, balance_e16 = event.amount_e8 * E8, event.wallet_e8 * E8
        elif type(event) is Transferred:
            kind, coin, symbol = "deposit" if event.amount_e8 > 0 else "withdrawal", event.coin, ""
            amount_e16, balance_e16 = event.amount_e8 * E8, event.wallet_e8 * E8
        elif type(event) is MarginMoved:
            kind, coin, symbol = _kind_of_move(event), self._contracts[event.symbol].margin_coin, event.symbol
            amount_e16, balance_e16 = event.amount_e16, event.wallet_e8 * E8
        elif type(event) is PositionLiquidated:
            kind, coin, symbol = "fund_settlement", event.margin_coin, event.symbol
            amount_e16, balance_e16 = (event.house_e8 - event.insurance_e8) * E8, event.wallet_e8 * E8
        elif type(event) is DeficitCovered:
            kind, coin, symbol = "fund_settlement", event.margin_coin, ""
            amount_e16, balance_e16 = (event.house_e8 + event.insurance_e8) * E8, event.wallet_e8 * E8
        else:
            return None
        if event.uid == HOUSE_UID or amount_e16 == 0:
            return None
        product_type = self._contracts[symbol].product_type if symbol else self._product_types[coin]
        return BillRow(
            self._take_id(), event.uid, product_type, coin, symbol, kind, amount_e16, 0, balance_e16, time_ms
        )

    def _take_id(self) -> int:
        self._last_bill_id += 1
        return self._last_bill_id


def _kind_of_fill(fill: FillRow) -> BillKind:
    leg = "long" if (fill.hold_side or -fill.side) == LONG else "short"
    trade = "buy" if fill.side > 0 else "sell"
    kind = fill.venue_kind
    if kind == "delivery":
        return _KIND_OF_NAME[f"delivery_{leg}"]
    if kind in ("liquidation", "reduction", "adl"):
        return _KIND_OF_NAME[f"{kind}_{leg if fill.hold_side else trade}"]
    if fill.hold_side == 0:
        return _KIND_OF_NAME[trade]
    # Netting closes both legs of a hedge; the exchange has no name of its own for it in bills.
    return _KIND_OF_NAME[f"{'close' if fill.reduce_only else 'open'}_{leg}"]


def _kind_of_move(event: MarginMoved) -> BillKind:
    if event.cause == "leverage":
        return "margin_by_leverage"
    if event.cause == "auto":
        return "margin_drawn"
    return "margin_added" if event.amount_e16 > 0 else "margin_removed"
