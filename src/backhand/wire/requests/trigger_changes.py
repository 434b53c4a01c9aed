"""Requests that change or cancel orders that wait for a price."""

from typing import Final

from backhand.commands import (
    CancelTrigger,
    CancelTriggers,
    Contract,
    ModifyTrigger,
    PresetKind,
    TriggerBy,
    TriggerKind,
)
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    read_body,
    read_choice,
    read_contract,
    read_order_name,
    read_price_ticks,
)
from backhand.wire.requests.batches import OrderNameForm, read_names, read_scope
from backhand.wire.requests.plans import read_presets
from backhand.wire.requests.protections import PROTECTING_PLANS
from backhand.wire.requests.terms import (
    TRIGGER_TYPES,
    read_execute_price,
    read_lots,
    read_percent,
)
from backhand.wire.responses.lists import cancelled_protections, cancelled_triggers

#: What a plan type of cancel-plan-order stands for. Source: the page; track_plan and profit_loss (all TP/SL)
#: are what clients send besides.
CANCELLED_KINDS: Final[dict[str, tuple[TriggerKind, ...]]] = {
    "": ("entry",),
    "normal_plan": ("entry",),
    "track_plan": ("trailing_entry",),
    **{plan: (kind,) for plan, kind in PROTECTING_PLANS.items()},
    "profit_loss": tuple(PROTECTING_PLANS.values()),
}
ENTRY_KINDS: Final = ("entry", "trailing_entry")


class ModifyPlanForm(Form, frozen=True):
    """Body of modify-plan-order; `new_surplus_trigger_price` is how ccxt spells the take-profit."""

    order_id: str = ""
    client_oid: str = ""
    product_type: str = ""
    symbol: str = ""
    margin_coin: str = ""
    new_size: str = ""
    new_price: str = ""
    new_trigger_price: str = ""
    new_trigger_type: str = ""
    new_callback_ratio: str = ""
    new_stop_surplus_trigger_price: str = ""
    new_surplus_trigger_price: str = ""
    new_stop_surplus_execute_price: str = ""
    new_stop_surplus_trigger_type: str = ""
    new_stop_loss_trigger_price: str = ""
    new_stop_loss_execute_price: str = ""
    new_stop_loss_trigger_type: str = ""


def parse_modify_plan(call: Call) -> ModifyTrigger | Refusal:
    """
    Read a change of an order that waits: what is not sent stays.

    Refused in this order: wrong format 40409; symbol or productType missing 400172; product type 400172;
    symbol 40034, 22012; margin coin, when sent, 40778; the order's name as in cancel-order; nothing to
    change, or a trigger type without a price, 400172; the terms as `_terms` has them; presets as in
    `read_presets`, where one that is not sent stays and 0 takes it away.
    Source: bitget-v2/modify-plan-order.
    """
    form = read_body(ModifyPlanForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    name = read_order_name(form.order_id, form.client_oid)
    if isinstance(name, Refusal):
        return name
    gaining = form.new_stop_surplus_trigger_price or form.new_surplus_trigger_price
    losing = form.new_stop_loss_trigger_price
    changes = (
        form.new_size,
        form.new_price,
        form.new_trigger_price,
        form.new_callback_ratio,
        gaining,
        losing,
    )
    if not any(changes) or (form.new_trigger_type and not form.new_trigger_price):
        return codes.PARAMETERS
    limit_price_ticks = read_price_ticks(form.new_price, contract) if form.new_price else None
    if isinstance(limit_price_ticks, Refusal):
        return limit_price_ticks
    terms = _terms(
        contract,
        (form.new_size, form.new_trigger_price, form.new_trigger_type, form.new_callback_ratio),
        ("newTriggerPrice", "newCallbackRatio"),
    )
    if isinstance(terms, Refusal):
        return terms
    presets = read_presets(
        contract,
        (gaining, form.new_stop_surplus_execute_price, form.new_stop_surplus_trigger_type),
        (losing, form.new_stop_loss_execute_price, form.new_stop_loss_trigger_type),
        ("newStopSurplus", "newStopLoss"),
    )
    if isinstance(presets, Refusal):
        return presets
    size_lots, trigger_price_ticks, trigger_by, callback_rate_e8 = terms
    order_id, client_oid = name
    return ModifyTrigger(
        uid=call.uid,
        symbol=contract.symbol,
        protecting=False,
        order_id=order_id,
        client_oid=client_oid,
        trigger_price_ticks=trigger_price_ticks,
        trigger_by=trigger_by,
        size_lots=size_lots,
        limit_price_ticks=limit_price_ticks,
        callback_rate_e8=callback_rate_e8,
        presets_sent=bool(gaining or losing),
        take_profit=presets[0],
        stop_loss=presets[1],
        kept_preset=_kept_preset(gaining, losing),
    )


def _kept_preset(gaining: str, losing: str) -> PresetKind | None:
    """Tell which preset stays: the one that is not sent, where the other is."""
    if gaining and not losing:
        return "stop_loss"
    return "take_profit" if losing and not gaining else None


def _terms(
    contract: Contract, sent: tuple[str, str, str, str], names: tuple[str, str]
) -> tuple[int | None, int | None, TriggerBy | None, int | None] | Refusal:
    """
    Read size, trigger price, trigger type and callback of a changed order; None for what was not sent.

    Refused in this order: size as of an order; trigger price unreadable 40020, off the tick 45115; trigger
    type 400172; callback unreadable 40020. `names` are those of trigger price and callback.
    """
    size, trigger_price, trigger_type, callback = sent
    size_lots = read_lots(size, contract) if size else None
    if isinstance(size_lots, Refusal):
        return size_lots
    trigger_price_ticks = read_price_ticks(trigger_price, contract, names[0]) if trigger_price else None
    if isinstance(trigger_price_ticks, Refusal):
        return trigger_price_ticks
    trigger_by = read_choice(trigger_type, TRIGGER_TYPES)
    if trigger_type and trigger_by is None:
        return codes.PARAMETERS
    callback_rate_e8 = read_percent(callback, names[1]) if callback else None
    if isinstance(callback_rate_e8, Refusal):
        return callback_rate_e8
    return size_lots, trigger_price_ticks, trigger_by, callback_rate_e8


class ModifyProtectionForm(Form, frozen=True):
    """Body of modify-tpsl-order."""

    order_id: str = ""
    client_oid: str = ""
    margin_coin: str = ""
    product_type: str = ""
    symbol: str = ""
    trigger_price: str = ""
    trigger_type: str = ""
    execute_price: str = ""
    size: str = ""
    range_rate: str = ""


def parse_modify_protection(call: Call) -> ModifyTrigger | Refusal:
    """
    Read new terms of a protecting order.

    An execute price that is absent or 0 means market, as in its placing; what else is absent stays; the
    whole-position kinds have no size. Refused in this order: wrong format 40409; symbol, productType,
    marginCoin or triggerPrice missing 400172; product type 400172; symbol 40034, 22012; margin coin 40778;
    the order's name as in cancel-order; execute price unreadable 40020, off the tick 45115; then as
    `_terms`. Source: bitget-v2/modify-tpsl-order.
    """
    form = read_body(ModifyProtectionForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_coin and form.trigger_price):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    name = read_order_name(form.order_id, form.client_oid)
    if isinstance(name, Refusal):
        return name
    limit_price_ticks = read_execute_price(form.execute_price, contract, "executePrice")
    if isinstance(limit_price_ticks, Refusal):
        return limit_price_ticks
    terms = _terms(
        contract,
        (form.size, form.trigger_price, form.trigger_type, form.range_rate),
        ("triggerPrice", "rangeRate"),
    )
    if isinstance(terms, Refusal):
        return terms
    size_lots, trigger_price_ticks, trigger_by, callback_rate_e8 = terms
    order_id, client_oid = name
    return ModifyTrigger(
        uid=call.uid,
        symbol=contract.symbol,
        protecting=True,
        order_id=order_id,
        client_oid=client_oid,
        trigger_price_ticks=trigger_price_ticks,
        trigger_by=trigger_by,
        size_lots=size_lots,
        limit_price_ticks=limit_price_ticks or 0,
        callback_rate_e8=callback_rate_e8,
    )


class CancelPlanForm(Form, frozen=True):
    """Body of cancel-plan-order; its entries are `OrderNameForm`s."""

    plan_type: str = ""
    product_type: str = ""
    symbol: str = ""
    margin_coin: str = ""
    order_id_list: str = ""


def parse_cancel_plan(call: Call) -> Batch | CancelTriggers | Refusal:
    """
    Read which waiting orders to cancel: those of a list, or without one all of a plan type.

    An order that is named is cancelled whatever its plan type: ccxt sends none. Refused in this order:
    wrong format 40409; planType 400172; product type 400172; symbol, needed with a list, 400172, unknown
    40034, 22012; margin coin 40778; the list as in batch-cancel-orders, but an order that is not there is a
    row of the answer.
    Source: bitget-v2/cancel-plan-order.
    """
    form = read_body(CancelPlanForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    kinds = read_choice(form.plan_type, CANCELLED_KINDS)
    if kinds is None:
        return codes.PLAN_TYPE_ILLEGAL
    scope = read_scope(call, form.product_type, form.symbol, form.margin_coin)
    if isinstance(scope, Refusal):
        return scope
    product_type, contract = scope
    names = read_names(call)
    if isinstance(names, Refusal):
        return names
    if names is None:
        return CancelTriggers(call.uid, product_type, kinds, None if contract is None else contract.symbol)
    if contract is None:
        return codes.PARAMETERS
    return Batch(
        tuple(_cancellation(call.uid, contract.symbol, name) for name in names),
        cancelled_triggers if kinds[0] in ENTRY_KINDS else cancelled_protections,
    )


def _cancellation(uid: str, symbol: str, form: OrderNameForm) -> Entry:
    name = read_order_name(form.order_id, form.client_oid)
    asked = name if isinstance(name, Refusal) else CancelTrigger(uid, symbol, *name)
    return Entry(asked, codes.echo(form.order_id), codes.echo(form.client_oid))
