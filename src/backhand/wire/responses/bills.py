"""Answers about an account's postings: account/bill and account/interest-history."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from backhand.units import format_decimal

#: What a bill is for -> its name on the wire; the keys are the kinds of the read model, all of them.
#: Two kinds of the exchange's own that nothing is named after here are not used: netting is a close, and
#: what the insurance fund settles with an account is risk capital. Source: rest-private.md section 2.
BUSINESS_TYPES: Final[Mapping[str, str]] = {
    "buy": "buy",
    "sell": "sell",
    "open_long": "open_long",
    "open_short": "open_short",
    "close_long": "close_long",
    "close_short": "close_short",
    "reduction_long": "force_close_long",
    "reduction_short": "force_close_short",
    "reduction_buy": "force_buy",
    "reduction_sell": "force_sell",
    "liquidation_long": "burst_long_loss_query",
    "liquidation_short": "burst_short_loss_query",
    "liquidation_buy": "burst_buy",
    "liquidation_sell": "burst_sell",
    "adl_long": "adl_close_long",
    "adl_short": "adl_close_short",
    "adl_buy": "adl_buy_in_single_side_mode",
    "adl_sell": "adl_sell_in_single_side_mode",
    "delivery_long": "delivery_long",
    "delivery_short": "delivery_short",
    "funding": "contract_settle_fee",
    "deposit": "trans_from_exchange",
    "withdrawal": "trans_to_exchange",
    "fund_settlement": "risk_captital_user_transfer",
    "margin_added": "append_margin",
    "margin_removed": "reduce_margin",
    "margin_by_leverage": "adjust_down_lever_append_margin",
    "margin_drawn": "auto_append_margin",
}
#: The four that `onlyFunding` drops.
MARGIN_TYPES: Final = (
    "append_margin",
    "reduce_margin",
    "adjust_down_lever_append_margin",
    "auto_append_margin",
)
#: Those that `coin` counts with.
TRANSFER_TYPES: Final = ("trans_from_exchange", "trans_to_exchange")


class BillView(msgspec.Struct, frozen=True, gc=False):
    """What a bill is printed from; the fee is what was charged (positive)."""

    bill_id: int
    symbol: str
    kind: str
    coin: str
    amount_e16: int
    fee_e8: int
    balance_e16: int
    created_at_ms: int


class BillRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One posting; the fee is negative when paid, `balance` is what the posting left."""

    bill_id: str
    symbol: str
    amount: str
    fee: str
    fee_by_coupon: str
    business_type: str
    coin: str
    balance: str
    c_time: str


class BillPage(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of account/bill, newest first; `end_id` is the last row's id."""

    bills: list[BillRow]
    end_id: str | None


class InterestAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of account/interest-history: nothing is borrowed, so nothing was charged."""

    next_settle_time: str
    borrow_amount: str
    borrow_limit: str
    interest_list: list[str]
    end_id: str | None


def bills_page(views: Sequence[BillView]) -> BillPage:
    """Print a page of bills. Source: bitget-v2/get-account-bill; rest-private.md section 3."""
    rows = [
        BillRow(
            str(view.bill_id),
            view.symbol,
            format_decimal(view.amount_e16, 16),
            format_decimal(-view.fee_e8, 8),
            "0",
            BUSINESS_TYPES[view.kind],
            view.coin,
            format_decimal(view.balance_e16, 16),
            str(view.created_at_ms),
        )
        for view in views
    ]
    return BillPage(rows, str(views[-1].bill_id) if views else None)


def no_interest() -> InterestAnswer:
    """Answer that no interest was ever charged."""
    return InterestAnswer("", "0", "0", [], None)
