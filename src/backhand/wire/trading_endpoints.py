"""
Declarations of what changes orders and positions, beside the few of `endpoints`; and of copy trading.

Each is (path, calls per second, form, parser, answer). Quotas are those of rest-private.md.
"""

from collections.abc import Callable
from types import GenericAlias
from typing import Final

from backhand.wire.batches import Batch, ClientCommand, Inquiry
from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form
from backhand.wire.requests import (
    batches,
    changes,
    copy_trading,
    margins,
    markets,
    plans,
    protections,
    trigger_changes,
)
from backhand.wire.responses.lists import CancelledOrders, ClosedPositions, PlacedOrders, ProtectionIds
from backhand.wire.responses.orders import OrderIds

#: What a change may be read as.
Change = ClientCommand | Batch | Inquiry | Refusal

_Declared = tuple[str, int, type[Form], Callable[[Call], Change], type | GenericAlias]

_ACCOUNT: Final = "/api/v2/mix/account"
_ORDER: Final = "/api/v2/mix/order"
_TRADER: Final = "/api/v2/copy/mix-trader"

#: Copy-trading traders have one call a second. Source: auth.md section 9.
BATCH_PLACE: Final[_Declared] = (
    f"{_ORDER}/batch-place-order",
    5,
    batches.BatchPlaceForm,
    batches.parse_batch_place,
    PlacedOrders,
)

TRADES: Final[tuple[_Declared, ...]] = (
    (f"{_ORDER}/modify-order", 10, changes.ModifyOrderForm, changes.parse_modify_order, OrderIds),
    (
        f"{_ORDER}/batch-cancel-orders",
        10,
        batches.BatchCancelForm,
        batches.parse_batch_cancel,
        CancelledOrders,
    ),
    (f"{_ORDER}/cancel-all-orders", 10, batches.CancelAllForm, batches.parse_cancel_all, CancelledOrders),
    (
        f"{_ORDER}/close-positions",
        1,
        changes.ClosePositionsForm,
        changes.parse_close_positions,
        ClosedPositions,
    ),
    (f"{_ORDER}/place-plan-order", 10, plans.PlanOrderForm, plans.parse_place_plan, OrderIds),
    (
        f"{_ORDER}/place-tpsl-order",
        10,
        protections.ProtectionForm,
        protections.parse_place_protection,
        OrderIds,
    ),
    (
        f"{_ORDER}/place-pos-tpsl",
        10,
        protections.BothProtectionsForm,
        protections.parse_place_protections,
        list[ProtectionIds],
    ),
    (
        f"{_ORDER}/modify-plan-order",
        10,
        trigger_changes.ModifyPlanForm,
        trigger_changes.parse_modify_plan,
        OrderIds,
    ),
    (
        f"{_ORDER}/modify-tpsl-order",
        10,
        trigger_changes.ModifyProtectionForm,
        trigger_changes.parse_modify_protection,
        OrderIds,
    ),
    (
        f"{_ORDER}/cancel-plan-order",
        10,
        trigger_changes.CancelPlanForm,
        trigger_changes.parse_cancel_plan,
        CancelledOrders,
    ),
    (f"{_ACCOUNT}/set-all-leverage", 5, margins.AllLeverageForm, margins.parse_set_all_leverage, str),
    (f"{_ACCOUNT}/set-margin", 5, margins.MarginForm, margins.parse_set_margin, str),
    (f"{_ACCOUNT}/set-auto-margin", 5, margins.AutoMarginForm, margins.parse_set_auto_margin, str),
    (f"{_ACCOUNT}/set-asset-mode", 2, margins.AssetModeForm, margins.parse_set_asset_mode, str),
    (f"{_ACCOUNT}/union-convert", 1, margins.UnionConvertForm, margins.parse_union_change, type(None)),
    (f"{_ACCOUNT}/switch-union-usdt", 1, markets.NoForm, margins.parse_union_change, type(None)),
    *(
        (
            f"{_TRADER}/{name}",
            per_second,
            copy_trading.TraderForm,
            copy_trading.parse_trader_change,
            type(None),
        )
        for name, per_second in (
            ("order-close-positions", 5),
            ("order-modify-tpsl", 5),
            ("config-setting-symbols", 5),
            ("config-settings-base", 5),
            ("config-setting-base", 5),  # as ccxt spells it
            ("config-remove-follower", 5),
            ("create-copy-api", 1),
        )
    ),
)

TRADER_READS: Final[tuple[_Declared, ...]] = tuple(
    (f"{_TRADER}/{name}", 5, copy_trading.TraderForm, copy_trading.parse_trader_question, type(None))
    for name in (
        "order-current-track",
        "order-history-track",
        "order-total-detail",
        "profit-details",
        "profit-history-summarys",
        "profit-history-details",
        "profits-group-coin-date",
        "config-query-symbols",
        "config-query-followers",
    )
)
