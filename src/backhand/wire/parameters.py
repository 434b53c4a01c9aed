"""
What each parameter means, which words it takes, and which a request cannot do without.

A name means the same in every request, so it is explained once, here; where a request takes other words
under it, the words stand with the request. Documents about the API are made from this; parsers decide for
themselves, and tests hold the two together.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from backhand.wire.fields import DEMO_PRODUCT_TYPES, PRODUCT_TYPES, Form
from backhand.wire.requests.accounts import POSITION_MODES
from backhand.wire.requests.batches import OrderNameForm
from backhand.wire.requests.margins import ON_OFF
from backhand.wire.requests.market_figures import ANNOUNCEMENT_TYPES
from backhand.wire.requests.market_history import GRANULARITIES
from backhand.wire.requests.markets import PRECISIONS
from backhand.wire.requests.orders import OrderForm
from backhand.wire.requests.plan_reads import PAST_STATUSES, PLAN_GROUPS
from backhand.wire.requests.plans import ENTRY_PLANS
from backhand.wire.requests.protections import PROTECTING_PLANS
from backhand.wire.requests.queries import OPEN_STATUSES
from backhand.wire.requests.reversals import OPEN_ORDERS, SHORTFALLS
from backhand.wire.requests.terms import (
    EFFECTS,
    FORCES,
    HOLD_SIDES,
    MARGIN_MODES,
    ORDER_TYPES,
    SIDES,
    STP_MODES,
    TRIGGER_TYPES,
)
from backhand.wire.requests.trigger_changes import CANCELLED_KINDS


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """
    One parameter.

    `choices` are its words, () where it is free text; letters of any case are read. `entries` is the form of
    each entry where it is a list of objects.
    """

    text: str
    example: str
    choices: tuple[str, ...] = ()
    entries: type[Form] | None = None


def _one_of(text: str, words: Iterable[str], example: str = "") -> Parameter:
    """Declare a parameter that takes one of some words; "" among them is how parsers read its absence."""
    choices = tuple(word for word in words if word)
    return Parameter(text, example or choices[0], choices)


_PRICE: Final = "1000"
_SIZE: Final = "1"
_TIME: Final = "1800000000000"
_ID: Final = "1354000000000000101"

#: name on the wire -> what it is.
PARAMETERS: Final[Mapping[str, Parameter]] = {
    # What a request is about.
    "symbol": Parameter("Contract, such as BTCUSDT.", "ETHUSDT"),
    "productType": _one_of("Family of contracts.", PRODUCT_TYPES),
    "marginCoin": Parameter("Coin that the contract is margined in.", "USDT"),
    "marginMode": _one_of("Margin mode; it must be the symbol's while it holds anything.", MARGIN_MODES),
    "orderId": Parameter("The venue's id of the order; it wins over `clientOid`.", _ID),
    "clientOid": Parameter(
        "The client's own id: 1 to 64 of digits, letters, `_ : # + -` and space.", "bot-1"
    ),
    "orderIdList": Parameter("Up to 50 orders; without it all of the scope.", "", (), OrderNameForm),
    "orderList": Parameter("Up to 50 orders, each judged for itself.", "", (), OrderForm),
    # Orders.
    "size": Parameter("Size in base coin, a multiple of the contract's step.", _SIZE),
    "price": Parameter("Price of a limit order, on the contract's tick.", _PRICE),
    "side": _one_of("Direction of the trade; in hedge mode of the position.", SIDES),
    "tradeSide": _one_of("Open or close, in hedge mode; ignored in one-way mode.", EFFECTS),
    "orderType": _one_of("Limit or market.", ORDER_TYPES),
    "force": _one_of("How long a limit order stays; gtc when absent.", FORCES),
    "reduceOnly": _one_of("Whether it may only reduce, in one-way mode.", ("YES", "NO"), "NO"),
    "presetStopSurplusPrice": Parameter("Trigger price of an attached take-profit.", "1200"),
    "presetStopSurplusExecutePrice": Parameter("Its limit price; absent or 0 is market.", "0"),
    "presetStopLossPrice": Parameter("Trigger price of an attached stop-loss.", "800"),
    "presetStopLossExecutePrice": Parameter("Its limit price; absent or 0 is market.", "0"),
    "stpMode": _one_of("What happens when it would trade with its own account.", STP_MODES),
    "newClientOid": Parameter("Client order id of the order that replaces it.", "bot-2"),
    "newSize": Parameter("New size; with `newPrice` or not at all.", _SIZE),
    "newPrice": Parameter("New price; with `newSize` or not at all.", _PRICE),
    "newPresetStopSurplusPrice": Parameter("New attached take-profit; 0 deletes it.", "1200"),
    "newPresetStopLossPrice": Parameter("New attached stop-loss; 0 deletes it.", "800"),
    "requestTime": Parameter("When the request was made, in ms.", _TIME),
    "receiveWindow": Parameter("For how many ms it is good, at most 60000.", "5000"),
    # Reversals: our own fields.
    "shortfall": _one_of("What happens when the open leg cannot be whole.", SHORTFALLS),
    "openOrders": _one_of(
        "What happens to the symbol's open orders.", (*tuple(OPEN_ORDERS)[:-1], "cancelAll")
    ),
    "worstPrice": Parameter("No fill beyond this price.", _PRICE),
    "maxSlippage": Parameter("Largest distance from the mark price, a ratio from 0 to 1.", "0.01"),
    "quoteId": Parameter("A quote of this reversal: executed as quoted or refused.", ""),
    "requestId": Parameter("The `x-backhand-request-id` of a refused request.", "5f0c2a91-1f"),
    # Orders that wait for a price.
    "planType": _one_of("Kind of waiting order.", (*ENTRY_PLANS, *PROTECTING_PLANS)),
    "triggerPrice": Parameter("Price that it waits for.", _PRICE),
    "triggerType": _one_of("Which price that is.", TRIGGER_TYPES),
    "executePrice": Parameter("Limit price of what it places; absent or 0 is market.", "0"),
    "callbackRatio": Parameter("How far a trailing order lets the price come back, in per cent.", "1"),
    "rangeRate": Parameter("How far a trailing stop lets the price come back, in per cent.", "1"),
    "stopSurplusTriggerPrice": Parameter("Trigger price of a take-profit.", "1200"),
    "stopSurplusExecutePrice": Parameter("Its limit price; absent or 0 is market.", "0"),
    "stopSurplusTriggerType": _one_of("Which price triggers the take-profit.", TRIGGER_TYPES),
    "stopSurplusSize": Parameter("Its size; absent means the whole position.", _SIZE),
    "stopSurplusClientOid": Parameter("Its client order id.", "bot-3"),
    "stopLossTriggerPrice": Parameter("Trigger price of a stop-loss.", "800"),
    "stopLossExecutePrice": Parameter("Its limit price; absent or 0 is market.", "0"),
    "stopLossTriggerType": _one_of("Which price triggers the stop-loss.", TRIGGER_TYPES),
    "stopLossSize": Parameter("Its size; absent means the whole position.", _SIZE),
    "stopLossClientOid": Parameter("Its client order id.", "bot-4"),
    "newTriggerPrice": Parameter("New price that it waits for.", _PRICE),
    "newTriggerType": _one_of("Which price that is.", TRIGGER_TYPES),
    "newCallbackRatio": Parameter("New callback of a trailing order, in per cent.", "1"),
    "newStopSurplusTriggerPrice": Parameter("New trigger price of its take-profit; 0 deletes it.", "1200"),
    "newSurplusTriggerPrice": Parameter("The same, as ccxt spells it.", "1200"),
    "newStopSurplusExecutePrice": Parameter("Its limit price; absent or 0 is market.", "0"),
    "newStopSurplusTriggerType": _one_of("Which price triggers it.", TRIGGER_TYPES),
    "newStopLossTriggerPrice": Parameter("New trigger price of its stop-loss; 0 deletes it.", "800"),
    "newStopLossExecutePrice": Parameter("Its limit price; absent or 0 is market.", "0"),
    "newStopLossTriggerType": _one_of("Which price triggers it.", TRIGGER_TYPES),
    "planOrderId": Parameter("Id of the order that waited.", _ID),
    "planStatus": _one_of("How it ended.", PAST_STATUSES),
    # Accounts and positions.
    "leverage": Parameter("Leverage, a whole number.", "10"),
    "longLeverage": Parameter("Leverage of the long side.", "10"),
    "shortLeverage": Parameter("Leverage of the short side.", "10"),
    "holdSide": _one_of("Side of the position.", ("long", "short")),
    "posMode": _one_of("Position mode.", POSITION_MODES),
    "assetMode": _one_of("Asset mode; only `single` is there.", ("single", "union")),
    "amount": Parameter("Margin to add; negative takes out.", "1"),
    "autoMargin": _one_of("Whether the position draws margin by itself.", ON_OFF),
    "posSide": _one_of("Side of the position.", ("long", "short")),
    "openAmount": Parameter("Margin to open with, or the size.", "100"),
    "openPrice": Parameter("Price to open at.", _PRICE),
    # Lists.
    "startTime": Parameter("First ms of the rows.", _TIME),
    "endTime": Parameter("Last ms of the rows.", _TIME),
    "idLessThan": Parameter("Only rows with a smaller id: `endId` of the page before.", _ID),
    "limit": Parameter("Rows of a page.", "20"),
    "status": _one_of("Only orders of this status.", OPEN_STATUSES),
    "orderSource": Parameter("Only orders that came from there, such as `reverse`.", "reverse"),
    "coin": Parameter("Coin.", "USDT"),
    "businessType": Parameter("Kind of business, as in the rows.", "contract_settle_fee"),
    "onlyFunding": _one_of("Whether moves of margin are left out.", ("yes", "no"), "no"),
    "pageSize": Parameter("Rows of a page.", "20"),
    "pageNo": Parameter("Number of the page, from 1.", "1"),
    # Market data.
    "precision": _one_of("How many digits of the price are merged away.", PRECISIONS),
    "granularity": _one_of("Interval of a candle; here letters count.", GRANULARITIES),
    "kLineType": _one_of("Which price the candles are of.", ("MARKET", "MARK", "INDEX")),
    "language": Parameter("Language of the text.", "en_US"),
    "annType": _one_of("Kind of notice.", ANNOUNCEMENT_TYPES),
    "cursor": Parameter("Where the next page begins.", ""),
    # Copy trading, which there is none of.
    "trackingNo": Parameter("Number of a followed order.", _ID),
}

_PUBLIC_PRODUCT: Final = _one_of(
    "Family of contracts; demo twins have none.", (*PRODUCT_TYPES, *DEMO_PRODUCT_TYPES)
)
_POSITION_SIDE: Final = _one_of("Side of the position; buy and sell are those of one-way mode.", HOLD_SIDES)
_PLANS: Final = _one_of("Kinds of waiting orders.", PLAN_GROUPS)

#: (form, name) -> what it is there, where that differs.
PARTICULAR: Final[Mapping[tuple[str, str], Parameter]] = {
    ("MarketForm", "productType"): _PUBLIC_PRODUCT,
    ("DepthForm", "productType"): _PUBLIC_PRODUCT,
    ("DepthForm", "limit"): Parameter("Levels a side: a number, at most 100, or `max`.", "5"),
    ("AssetModeForm", "productType"): _one_of(
        "Family of contracts: the only one that has asset modes.", PRODUCT_TYPES[:1]
    ),
    ("PlanOrderForm", "planType"): _one_of("Kind of waiting order.", ENTRY_PLANS),
    ("ProtectionForm", "planType"): _one_of("Kind of protecting order.", PROTECTING_PLANS, "pos_loss"),
    ("CancelPlanForm", "planType"): _one_of("Kinds to cancel; normal_plan when absent.", CANCELLED_KINDS),
    ("ProtectionForm", "holdSide"): _POSITION_SIDE,
    ("BothProtectionsForm", "holdSide"): _POSITION_SIDE,
    ("ClosePositionsForm", "holdSide"): _POSITION_SIDE,
    ("PlansForm", "planType"): _PLANS,
    ("PastPlansForm", "planType"): _PLANS,
    ("PlacedByPlanForm", "planType"): _one_of("Kind of waiting order.", ENTRY_PLANS),
    ("TradeRateForm", "businessType"): _one_of("What the fees are of.", ("mix",)),
    ("ReversalForm", "size"): Parameter("How much to reverse; absent means the whole position.", _SIZE),
    ("ReversalForm", "side"): _one_of("Side of the position that is reversed.", SIDES),
}

_CONTRACT: Final = ("symbol", "productType")
_MARGINED: Final = (*_CONTRACT, "marginCoin")

#: form -> the parameters without which a request is refused. Others may still be needed in a mode or beside
#: another parameter: the order of refusals says so.
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "ReversalForm": _MARGINED,
    "ExplainForm": ("requestId",),
    "OrderForm": ("size", "side", "orderType"),
    "PlaceOrderForm": (*_MARGINED, "marginMode", "size", "side", "orderType"),
    "CancelOrderForm": _CONTRACT,
    "BatchPlaceForm": (*_MARGINED, "marginMode", "orderList"),
    "ModifyOrderForm": _CONTRACT,
    "BatchCancelForm": ("productType",),
    "CancelAllForm": ("productType",),
    "ClosePositionsForm": ("productType",),
    "PlanOrderForm": (
        *_MARGINED,
        *("planType", "marginMode", "size", "triggerPrice", "triggerType", "side", "orderType"),
    ),
    "ProtectionForm": (*_MARGINED, "planType", "triggerPrice", "holdSide"),
    "BothProtectionsForm": (*_MARGINED, "holdSide"),
    "ModifyPlanForm": _CONTRACT,
    "ModifyProtectionForm": (*_MARGINED, "triggerPrice"),
    "CancelPlanForm": ("productType",),
    "LeverageForm": _MARGINED,
    "AllLeverageForm": ("productType", "leverage"),
    "MarginForm": (*_MARGINED, "holdSide", "amount"),
    "AutoMarginForm": ("symbol", "marginCoin", "autoMargin", "holdSide"),
    "MarginModeForm": (*_MARGINED, "marginMode"),
    "PositionModeForm": ("productType", "posMode"),
    "AssetModeForm": ("productType", "assetMode"),
    "UnionConvertForm": (),
    # Of an order one of two ids is needed: see the order of refusals.
    "OrderNameForm": (),
    "ReceiptForm": (),
    "SymbolForm": _MARGINED,
    "ProductForm": ("productType",),
    "OpenOrdersForm": ("productType",),
    "OrderHistoryForm": ("productType",),
    "FillsForm": ("productType",),
    "MarketForm": ("productType",),
    "DepthForm": _CONTRACT,
    "TraderForm": (),
    "NoForm": (),
    "BillsForm": ("productType",),
    "PastPositionsForm": (),
    "InterestForm": (),
    "TradeRateForm": ("businessType",),
    "OpenCountForm": (*_MARGINED, "openAmount", "openPrice"),
    "OpenForm": (*_MARGINED, "posSide", "orderType"),
    "PlansForm": ("planType", "productType"),
    "PastPlansForm": ("planType", "productType"),
    "PlacedByPlanForm": ("planType", "planOrderId", "productType"),
    "AnnouncementsForm": ("language",),
    "CoinForm": ("coin",),
    "RecentTradesForm": _CONTRACT,
    "TradesForm": _CONTRACT,
    "CandlesForm": (*_CONTRACT, "granularity"),
    "FundingHistoryForm": _CONTRACT,
}


def parameter(form: type[Form], name: str) -> Parameter:
    """Explain a parameter of a form."""
    return PARTICULAR.get((form.__name__, name)) or PARAMETERS[name]
