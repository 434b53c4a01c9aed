"""Requests that read orders which wait, or waited, for a price, and what they placed."""

from typing import Final, Literal

import msgspec

from backhand.commands import TriggerKind
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import ID_MAX, Call, Form, read_choice, read_digits, read_product_type, read_query
from backhand.wire.requests.queries import Page, PageForm, read_page, read_scope

PlanStatus = Literal["executed", "failed", "cancelled"]

#: What `planType` of a list stands for; all kinds of TP/SL have one name there.
PLAN_GROUPS: Final[dict[str, tuple[TriggerKind, ...]]] = {
    "normal_plan": ("entry",),
    "track_plan": ("trailing_entry",),
    "profit_loss": (
        "take_profit",
        "stop_loss",
        "trailing_stop",
        "position_take_profit",
        "position_stop_loss",
    ),
}
PAST_STATUSES: Final[dict[str, tuple[PlanStatus, ...]]] = {
    "": ("executed", "failed", "cancelled"),
    "executed": ("executed",),
    "fail_execute": ("failed",),
    "cancelled": ("cancelled",),
}


class PlansQuery(msgspec.Struct, frozen=True, gc=False):
    """Orders of some kinds that wait (no `statuses`), or that have ended so."""

    product_type: str
    symbol: str | None
    order_id: int | None
    client_oid: str | None
    kinds: tuple[TriggerKind, ...]
    statuses: tuple[PlanStatus, ...]
    page: Page


class PlacedByPlanQuery(msgspec.Struct, frozen=True, gc=False):
    """What one waiting order has placed."""

    product_type: str
    order_id: int
    kinds: tuple[TriggerKind, ...]


class PlansForm(PageForm, frozen=True):
    """Query of orders-plan-pending."""

    plan_type: str = ""
    product_type: str = ""
    symbol: str = ""
    order_id: str = ""
    client_oid: str = ""


class PastPlansForm(PlansForm, frozen=True):
    """Query of orders-plan-history."""

    plan_status: str = ""


class PlacedByPlanForm(Form, frozen=True):
    """Query of plan-sub-order."""

    plan_type: str = ""
    plan_order_id: str = ""
    product_type: str = ""


def parse_plans(call: Call) -> PlansQuery | Refusal:
    """
    Read a question for orders that wait.

    Refused in this order: planType or productType missing 400172; product type 400172; symbol 40034, 22012;
    an id that cannot be one 40402; planType unknown 400172 with its own text; paging as `read_page`.
    Source: bitget-v2/orders-plan-pending; rest-private.md section 6.
    """
    return _read_plans(call, read_query(PlansForm, call.parameters), ())


def parse_past_plans(call: Call) -> PlansQuery | Refusal:
    """Read a question for those that have ended: planStatus unknown 400172, else as `parse_plans`."""
    form = read_query(PastPlansForm, call.parameters)
    statuses = read_choice(form.plan_status, PAST_STATUSES)
    return codes.PARAMETERS if statuses is None else _read_plans(call, form, statuses)


def _read_plans(call: Call, form: PlansForm, statuses: tuple[PlanStatus, ...]) -> PlansQuery | Refusal:
    if not (form.plan_type and form.product_type):
        return codes.PARAMETERS
    scope = read_scope(call, form.product_type, form.symbol, form.order_id, form.client_oid)
    if isinstance(scope, Refusal):
        return scope
    kinds = read_choice(form.plan_type, PLAN_GROUPS)
    if kinds is None:
        return codes.PLAN_TYPE_ILLEGAL
    page = read_page(form, call.now_ms)
    if isinstance(page, Refusal):
        return page
    return PlansQuery(
        scope.product_type, scope.symbol, scope.order_id, scope.client_oid, kinds, statuses, page
    )


def parse_placed_by_plan(call: Call) -> PlacedByPlanQuery | Refusal:
    """
    Read a question for what a waiting order placed.

    Refused in this order: a field missing 400172; product type 400172; planType other than normal_plan and
    track_plan 400172; an id that cannot be one 40402. Source: bitget-v2/plan-sub-order.
    """
    form = read_query(PlacedByPlanForm, call.parameters)
    if not (form.plan_type and form.plan_order_id and form.product_type):
        return codes.PARAMETERS
    product_type = read_product_type(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    kinds = read_choice(form.plan_type, PLAN_GROUPS)
    if kinds is None or form.plan_type.lower() == "profit_loss":
        return codes.PLAN_TYPE_ILLEGAL
    order_id = read_digits(form.plan_order_id)
    if order_id is None or order_id > ID_MAX:
        return codes.ORDER_ID_INVALID
    return PlacedByPlanQuery(product_type, order_id, kinds)
