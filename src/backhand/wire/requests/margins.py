"""Requests that move margin, and settings of accounts that only some have: asset mode, all leverages."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from backhand.commands import MoveMargin, SetAutoMargin, SetLeverage
from backhand.units import parse_decimal
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry, Inquiry
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    COUNT_MAX,
    Call,
    Form,
    read_body,
    read_choice,
    read_contract,
    read_product_type,
)
from backhand.wire.requests.accounts import PositionsQuery
from backhand.wire.requests.terms import HOLD_SIDES
from backhand.wire.responses.accounts import PositionRow
from backhand.wire.responses.lists import all_done

ON_OFF: Final = {"on": True, "off": False}


class MarginForm(Form, frozen=True):
    """Body of set-margin."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    hold_side: str = ""
    amount: str = ""


def parse_set_margin(call: Call) -> MoveMargin | Refusal:
    """
    Read an amount of margin to add to a position, or, when negative, to take out.

    Refused in this order: wrong format 40409; a field missing 400172; product type 400172; symbol 40034,
    22012; margin coin 40778; holdSide 400172; amount no number of at most 8 decimals, or zero, 40020.
    Source: bitget-v2/change-margin.
    """
    form = read_body(MarginForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_coin and form.hold_side and form.amount):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    side = read_choice(form.hold_side, HOLD_SIDES)
    if side is None:
        return codes.PARAMETERS
    amount_e8 = parse_decimal(form.amount, 8)
    if not amount_e8:
        return codes.malformed("amount")
    return MoveMargin(call.uid, contract.symbol, side, max(-COUNT_MAX, min(amount_e8, COUNT_MAX)))


class AutoMarginForm(Form, frozen=True):
    """Body of set-auto-margin, which has no product type."""

    symbol: str = ""
    margin_coin: str = ""
    auto_margin: str = ""
    hold_side: str = ""


def parse_set_auto_margin(call: Call) -> SetAutoMargin | Refusal:
    """
    Read whether a position draws margin by itself.

    Refused in this order: wrong format 40409; a field missing 400172; symbol 40034; margin coin 40778;
    autoMargin, holdSide 400172. Source: bitget-v2/set-auto-margin.
    """
    form = read_body(AutoMarginForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.margin_coin and form.auto_margin and form.hold_side):
        return codes.PARAMETERS
    listed = call.contracts.get(form.symbol.upper())
    if listed is None:
        return codes.not_existing(form.symbol)
    contract = read_contract(call, form.symbol, listed.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    enabled = read_choice(form.auto_margin, ON_OFF)
    side = read_choice(form.hold_side, HOLD_SIDES)
    if enabled is None or side is None:
        return codes.PARAMETERS
    return SetAutoMargin(call.uid, contract.symbol, side, enabled)


class AllLeverageForm(Form, frozen=True):
    """Body of set-all-leverage."""

    product_type: str = ""
    leverage: str = ""


def parse_set_all_leverage(call: Call) -> Inquiry | Refusal:
    """
    Read one leverage for every symbol of a product type that has a position.

    Refused in this order: wrong format 40409; a field missing, product type 400172; a leverage that is no
    whole number 40020. Source: bitget-v2/change-all-leverage.
    """
    form = read_body(AllLeverageForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    product_type = read_product_type(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    if not form.leverage:
        return codes.PARAMETERS
    leverage = parse_decimal(form.leverage, 0)
    if leverage is None:
        return codes.malformed("leverage")
    leverage = max(-COUNT_MAX, min(leverage, COUNT_MAX))
    return Inquiry(PositionsQuery(product_type, None), partial(_leverages, call.uid, leverage))


def _leverages(uid: str, leverage: int, positions: Sequence[PositionRow]) -> Batch:
    """Set both sides of each symbol: that is the one leverage of a crossed symbol too."""
    symbols = dict.fromkeys(row.symbol for row in positions)
    return Batch(
        tuple(
            Entry(SetLeverage(uid, symbol, long_leverage=leverage, short_leverage=leverage))
            for symbol in symbols
        ),
        all_done,
    )


class AssetModeForm(Form, frozen=True):
    """Body of set-asset-mode."""

    product_type: str = ""
    asset_mode: str = ""


def parse_set_asset_mode(call: Call) -> Batch | Refusal:
    """
    Read an asset mode: `single`, which every account has, changes nothing.

    Refused: wrong format 40409; a product type other than USDT-FUTURES, or another word, 400172; `union`
    400172 with a text of its own. Source: bitget-v2/change-asset-mode.
    """
    form = read_body(AssetModeForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if form.product_type.upper() != "USDT-FUTURES":
        return codes.PARAMETERS
    asset_mode = form.asset_mode.lower()
    if asset_mode == "union":
        return codes.not_supported("assetMode union")
    return Batch((), all_done) if asset_mode == "single" else codes.PARAMETERS


class UnionConvertForm(Form, frozen=True):
    """Body of union-convert."""

    coin: str = ""
    amount: str = ""


def parse_union_change(call: Call) -> Refusal:
    """Refuse: wrong format 40409; everything else, as there is no union margin, 400172."""
    form = read_body(UnionConvertForm, call.parameters)
    return form if isinstance(form, Refusal) else codes.UNION_MARGIN_MISSING
