"""Requests about accounts and positions: queries of their figures, commands that set their modes."""

from typing import Final

import msgspec

from backhand.commands import LONG, SHORT, SetLeverage, SetMarginMode, SetPositionMode, Side
from backhand.units import parse_decimal
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    COUNT_MAX,
    Call,
    Form,
    read_body,
    read_choice,
    read_contract,
    read_product_type,
    read_query,
)
from backhand.wire.requests.terms import MARGIN_MODES

POSITION_MODES: Final = {"one_way_mode": False, "hedge_mode": True}
HOLD_SIDES: Final[dict[str, Side]] = {"long": LONG, "short": SHORT}


class AccountQuery(msgspec.Struct, frozen=True, gc=False):
    """An account's figures in the margin coin of a symbol, with its settings for the symbol."""

    symbol: str
    product_type: str
    margin_coin: str


class AccountsQuery(msgspec.Struct, frozen=True, gc=False):
    """An account's figures in every margin coin of a product type."""

    product_type: str


class PositionQuery(msgspec.Struct, frozen=True, gc=False):
    """The positions of one symbol."""

    symbol: str


class PositionsQuery(msgspec.Struct, frozen=True, gc=False):
    """The positions of a product type, of one margin coin unless None."""

    product_type: str
    margin_coin: str | None


class SymbolForm(Form, frozen=True):
    """Query of account/account and position/single-position."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""


class ProductForm(Form, frozen=True):
    """Query of account/accounts and position/all-position."""

    product_type: str = ""
    margin_coin: str = ""


def parse_account(call: Call) -> AccountQuery | Refusal:
    """
    Read a question for one account.

    Refused in this order: symbol, productType or marginCoin missing 400172; product type 400172; symbol
    40034, 22012; margin coin 40778. Source: bitget-v2/get-single-account.
    """
    form = read_query(SymbolForm, call.parameters)
    if not (form.symbol and form.product_type and form.margin_coin):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    return AccountQuery(contract.symbol, contract.product_type, contract.margin_coin)


def parse_accounts(call: Call) -> AccountsQuery | Refusal:
    """Read a question for all accounts of a product type: 400172. Source: bitget-v2/get-account-list."""
    product_type = read_product_type(read_query(ProductForm, call.parameters).product_type)
    return product_type if isinstance(product_type, Refusal) else AccountsQuery(product_type)


def parse_position(call: Call) -> PositionQuery | Refusal:
    """Read a question for one symbol's positions: refused as `parse_account`."""
    account = parse_account(call)
    return account if isinstance(account, Refusal) else PositionQuery(account.symbol)


def parse_positions(call: Call) -> PositionsQuery | Refusal:
    """Read a question for all positions of a product type: 400172. Source: bitget-v2/get-all-position."""
    form = read_query(ProductForm, call.parameters)
    product_type = read_product_type(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    return PositionsQuery(product_type, form.margin_coin.upper() or None)


class LeverageForm(Form, frozen=True):
    """Body of set-leverage."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    leverage: str = ""
    long_leverage: str = ""
    short_leverage: str = ""
    hold_side: str = ""


def parse_set_leverage(call: Call) -> SetLeverage | Refusal:
    """
    Read new leverages.

    Refused in this order: wrong format 40409; symbol, productType, marginCoin or every leverage missing
    400172; product type 400172; symbol 40034, 22012; margin coin 40778; a leverage that is no whole
    number 40020; holdSide 400172. What the fields mean in the account's modes is the engine's to say.
    Source: bitget-v2/change-leverage.
    """
    form = read_body(LeverageForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_coin):
        return codes.PARAMETERS
    if not (form.leverage or form.long_leverage or form.short_leverage):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    leverages: list[int | None] = []
    for name, text in (
        ("leverage", form.leverage),
        ("longLeverage", form.long_leverage),
        ("shortLeverage", form.short_leverage),
    ):
        number = parse_decimal(text, 0)
        if text and number is None:
            return codes.malformed(name)
        leverages.append(None if number is None else max(-COUNT_MAX, min(number, COUNT_MAX)))
    hold_side = read_choice(form.hold_side, HOLD_SIDES)
    if form.hold_side and hold_side is None:
        return codes.PARAMETERS
    leverage, long_leverage, short_leverage = leverages
    return SetLeverage(call.uid, contract.symbol, leverage, hold_side, long_leverage, short_leverage)


class MarginModeForm(Form, frozen=True):
    """Body of set-margin-mode."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    margin_mode: str = ""


def parse_set_margin_mode(call: Call) -> SetMarginMode | Refusal:
    """
    Read a new margin mode.

    Refused in this order: wrong format 40409; a field missing 400172; product type 400172; symbol 40034,
    22012; margin coin 40778; margin mode 400172. Source: bitget-v2/change-margin-mode.
    """
    form = read_body(MarginModeForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_coin and form.margin_mode):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    margin_mode = read_choice(form.margin_mode, MARGIN_MODES)
    if margin_mode is None:
        return codes.PARAMETERS
    return SetMarginMode(call.uid, contract.symbol, margin_mode)


class PositionModeForm(Form, frozen=True):
    """Body of set-position-mode."""

    product_type: str = ""
    pos_mode: str = ""


def parse_set_position_mode(call: Call) -> SetPositionMode | Refusal:
    """
    Read a new position mode.

    Refused in this order: wrong format 40409; product type missing or unknown 400172; position mode
    missing or unknown 400172. Source: bitget-v2/change-hold-mode.
    """
    form = read_body(PositionModeForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    product_type = read_product_type(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    hedge_mode = read_choice(form.pos_mode, POSITION_MODES)
    if hedge_mode is None:
        return codes.PARAMETERS
    return SetPositionMode(call.uid, product_type, hedge_mode)
