"""Calls about the account: balances, positions, and the settings that orders find."""

from typing import Literal

from backhand.client import routes
from backhand.client.instruments import Instrument, ProductType, instrument_of
from backhand.client.models import (
    Account,
    HoldSide,
    Leverages,
    MarginMode,
    Position,
    PositionMode,
    PositionModeSet,
)
from backhand.client.session import Flow, Session
from backhand.wire.requests.accounts import (
    LeverageForm,
    MarginModeForm,
    PositionModeForm,
    ProductForm,
    SymbolForm,
)

_HOLD_SIDES: dict[HoldSide | None, Literal["", "long", "short"]] = {
    None: "",
    "long": "long",
    "short": "short",
}


def account(session: Session, instrument: Instrument | str) -> Flow[Account]:
    """
    Ask for the balances in a contract's margin coin, and the account's settings for it. 10 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-single-account; rest-private.md section 3
    """
    of = instrument_of(instrument)
    form = SymbolForm(symbol=of.symbol, product_type=of.product_type, margin_coin=of.margin_coin)
    return (yield from session.call(routes.ACCOUNT, form, Account))


def accounts(session: Session, product_type: ProductType) -> Flow[list[Account]]:
    """
    Ask for the balances in every margin coin of a product type. 10 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-account-list; rest-private.md section 3
    """
    return (yield from session.call(routes.ACCOUNTS, ProductForm(product_type=product_type), list[Account]))


def positions(
    session: Session,
    instrument: Instrument | str | None = None,
    *,
    product_type: ProductType = "USDT-FUTURES",
) -> Flow[list[Position]]:
    """
    Ask what is held of a contract (10 calls per second), or of all of a product type (5 per second).

    Legs that hold nothing are left out: an empty list is flat.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-single-position, get-all-position; rest-private.md section 4
    """
    if instrument is None:
        everything = ProductForm(product_type=product_type)
        return (yield from session.call(routes.POSITIONS, everything, list[Position]))
    of = instrument_of(instrument)
    form = SymbolForm(symbol=of.symbol, product_type=of.product_type, margin_coin=of.margin_coin)
    return (yield from session.call(routes.POSITION, form, list[Position]))


def set_leverage(
    session: Session,
    instrument: Instrument | str,
    leverage: int,
    *,
    hold_side: HoldSide | None = None,
) -> Flow[Leverages]:
    """
    Set a contract's leverage. 5 calls per second.

    Args:
        leverage: A whole number between the contract's `leverage_min` and `leverage_max`.
        hold_side: The leg, needed with isolated margin in hedge mode and only there.

    Raises:
        NotSent, Refused: Nothing was changed.
        OutcomeUnknown: The answer was lost. Setting it again is safe.

    Source: bitget-v2/change-leverage; rest-private.md section 3
    """
    of = instrument_of(instrument)
    form = LeverageForm(
        symbol=of.symbol,
        product_type=of.product_type,
        margin_coin=of.margin_coin,
        leverage=str(leverage),
        hold_side=_HOLD_SIDES[hold_side],
    )
    return (yield from session.call(routes.SET_LEVERAGE, form, Leverages))


def set_margin_mode(
    session: Session, instrument: Instrument | str, margin_mode: MarginMode
) -> Flow[Leverages]:
    """
    Set a contract's margin mode, while it has neither position nor orders. 5 calls per second.

    Raises:
        NotSent, Refused: Nothing was changed.
        OutcomeUnknown: The answer was lost. Setting it again is safe.

    Source: bitget-v2/change-margin-mode; rest-private.md section 3
    """
    of = instrument_of(instrument)
    form = MarginModeForm(
        symbol=of.symbol, product_type=of.product_type, margin_coin=of.margin_coin, margin_mode=margin_mode
    )
    return (yield from session.call(routes.SET_MARGIN_MODE, form, Leverages))


def set_position_mode(
    session: Session, position_mode: PositionMode, *, product_type: ProductType = "USDT-FUTURES"
) -> Flow[PositionModeSet]:
    """
    Set the position mode of a product type, while it has neither positions nor orders. 5 calls per second.

    Raises:
        NotSent, Refused: Nothing was changed.
        OutcomeUnknown: The answer was lost. Setting it again is safe.

    Source: bitget-v2/change-hold-mode; rest-private.md section 3
    """
    form = PositionModeForm(product_type=product_type, pos_mode=position_mode)
    return (yield from session.call(routes.SET_POSITION_MODE, form, PositionModeSet))
