"""
What the wire answers when something is refused.

One table of the engine's reasons, and the refusals that are made before a command exists.

Codes and texts are Bitget's, because clients map them to their own exceptions. Where several codes fit,
`spec/errors.md` recommends one per situation; the comments say why the others were passed over.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.events import Rejected, RejectReason

#: Longest piece of a caller's own text that is repeated in a message.
ECHO_MAX: Final = 64


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """An error answer: wire code, HTTP status and English text."""

    code: str
    http_status: int
    message: str


def refused(code: str, message: str) -> Refusal:
    """Make a refusal with HTTP status 400, which Bitget uses for every coded failure but 429."""
    return Refusal(code, 400, message)


# Paths, authentication and limits, in the order of auth.md section 5.
UNKNOWN_PATH: Final = refused("40404", "Request URL NOT FOUND")
V1_GONE: Final = refused("30032", "The V1 API has been decommissioned. Please migrate to a newer version.")
CLASSIC_ACCOUNT: Final = refused(
    "40084",
    "You are in Classic Account mode, and the Unified Account API is not supported at this time",
)
KEY_MISSING: Final = refused("40006", "Invalid ACCESS_KEY")
SIGNATURE_MISSING: Final = refused("40002", "ACCESS_SIGN cannot be empty")
TIMESTAMP_INVALID: Final = refused("40005", "Invalid ACCESS_TIMESTAMP")
PASSPHRASE_MISSING: Final = refused("40011", "ACCESS_PASSPHRASE cannot be empty")
KEY_UNKNOWN: Final = refused("40037", "Apikey does not exist")
TIMESTAMP_EXPIRED: Final = refused("40008", "Request timestamp expired")
PASSPHRASE_WRONG: Final = refused("40012", "apikey/password is incorrect")
SIGNATURE_WRONG: Final = refused("40009", "sign signature error")
ADDRESS_REFUSED: Final = refused("40018", "Invalid IP")
READ_PERMISSION_MISSING: Final = refused(
    "40014", "Incorrect permissions, need future order read or future order write permissions"
)
TRADE_PERMISSION_MISSING: Final = refused(
    "40014", "Incorrect permissions, need future order write permissions"
)
TOO_MANY_REQUESTS: Final = Refusal("429", 429, "Too Many Requests")

# The shape of a request.
CONTENT_TYPE: Final = refused("40007", "Invalid Content_Type")
WRONG_FORMAT: Final = refused("40409", "wrong format")
#: Bitget's front proxy answers 413 without a body; a JSON body keeps clients from retrying for ever.
BODY_TOO_LARGE: Final = Refusal("40409", 413, "wrong format")
PARAMETERS: Final = refused("400172", "Parameter verification failed")
SIDE_MISMATCH: Final = refused("400172", "side mismatch")
ORDER_TYPE_ILLEGAL: Final = refused("400172", "The order type is illegal")
FORCE_INVALID: Final = refused("400172", "The order validity period is invalid")
CLIENT_OID_INVALID: Final = refused(
    "40305",
    "clientOid or clientOrderId length cannot greater than 64, and cannot be Martian characters",
)
ORDER_ID_INVALID: Final = refused("40402", "orderId or clientOId format error")
ORDER_ID_MISSING: Final = refused("40924", "orderId and clientOid must have one")
ORDER_NOT_FOUND: Final = refused(
    "40109", "The data of the order cannot be found, please confirm the order number"
)
REQUEST_NOT_FOUND: Final = refused("40109", "No refusal by the rules is remembered for this requestId")
WINDOW_BACKWARDS: Final = refused("40707", "Start time is greater than end time")
WINDOW_TOO_WIDE: Final = refused("40705", "The start and end time cannot exceed 90 days")
WINDOW_TOO_OLD: Final = refused("40704", "Can only check the data of the last three months")
TIMES_BACKWARDS: Final = refused("20001", "startTime should be less than endTime")

# Market data, and what is asked before an order.
GRANULARITY_UNKNOWN: Final = refused("400171", "Parameter verification failed")
PAGE_TOO_FAR: Final = refused("40808", "Parameter verification exception 0 < pageNo <=100")
LEVERAGE_OUT_OF_RANGE: Final = refused("43050", "Leverage exceeds the effective range")
PLAN_ORDER_NOT_FOUND: Final = refused("43025", "Plan order does not exist")
UNION_MARGIN_MISSING: Final = refused(
    "400172", "Parameter verification failed: there is no union margin here, every account is single-asset"
)

# Lists of orders, changes, orders that wait for a price, copy trading. Nobody has published the texts of
# 40078 and 40079; of 40306 the number is the older bound's.
TOO_MANY_PLACED: Final = refused("40306", "Batch processing orders can only process up to 50")
TOO_MANY_CANCELLED: Final = refused("40912", "single cancel cannot exceed 50")
PRICE_WITHOUT_SIZE: Final = refused("40925", "price or size must be passed in together")
NEW_CLIENT_OID_MISSING: Final = refused("22003", "modify price and size, please pass in newClientOid")
REQUEST_TIME_EXPIRED: Final = refused("40078", "requestTime is outside of receiveWindow")
RECEIVE_WINDOW_INVALID: Final = refused("40079", "receiveWindow must be between 1 and 60000")
PLAN_TYPE_ILLEGAL: Final = refused("400172", "planType Illegal type")
NO_PROTECTION: Final = refused("40913", "stopSurplusTriggerPrice or stopLossTriggerPrice must be passed one")
NOT_A_TRADER: Final = refused("31001", "The user is not a trader")
NO_COPY_TRADING: Final = refused(
    "40022", "The business of this account has been restricted: there is no copy trading here"
)

# Codes of our own, for what only this venue offers (DESIGN section 5); the engine's are below.
QUOTE_FORGED: Final = refused("98002", "The quote was not made by this venue, or was changed")
QUOTE_OF_ANOTHER_ACCOUNT: Final = refused("98002", "The quote is of another account")
QUOTE_OF_ANOTHER_SYMBOL: Final = refused("98002", "The quote is of another symbol")

# The outcome is not known: never to be read as "no".
OUTCOME_UNKNOWN: Final = refused("40725", "service return an error")
NOT_READY: Final = refused("40015", "System is abnormal, please try again later")


def echo(text: str) -> str:
    """Shorten a caller's own text for a message."""
    return text if len(text) <= ECHO_MAX else text[:ECHO_MAX] + "..."


def empty_parameter(name: str) -> Refusal:
    """Refuse a public read that lacks a parameter (or, on purpose, names an unknown product type)."""
    return refused("40019", f"Parameter {echo(name)} cannot be empty")


def malformed(name: str) -> Refusal:
    """Refuse a parameter whose value cannot be read."""
    return refused("40020", f"Parameter {echo(name)} error")


def not_existing(value: str) -> Refusal:
    """Refuse a symbol that is not listed."""
    return refused("40034", f"Parameter {echo(value)} does not exist")


def other_product(symbol: str, product_type: str) -> Refusal:
    """Refuse a symbol that is listed under another product type."""
    return refused(
        "22012", f"There are different business lines, {symbol} does not belong to {product_type} product"
    )


def wrong_margin_coin(symbol: str, coin: str) -> Refusal:
    """Refuse a margin coin that the symbol is not margined in."""
    return refused("40778", f"Coin pair {symbol} does not support {echo(coin)} currency as margin")


def bad_number(detail: str) -> Refusal:
    """Refuse a size that is not a positive number, or has too many decimals."""
    return refused("40808", f"Parameter verification exception {detail}")


def off_size_step(step: str) -> Refusal:
    """Refuse a size between two steps of the contract."""
    return refused("22038", f"Please enter the quantity as an integral multiple of {step}")


def off_price_step(step: str) -> Refusal:
    """Refuse a price between two ticks."""
    return refused("45115", f"The price you enter should be a multiple of {step}")


def span_too_wide(days: int) -> Refusal:
    """Refuse a window that is wider than a list allows."""
    return refused("00001", f"startTime and endTime interval cannot be greater than {days} days")


def rows_out_of_range(rows_max: int) -> Refusal:
    """Refuse a number of rows that one answer does not hold."""
    return refused("40053", f"Value range verification failed: limit should be between (0, {rows_max}]")


def illegal(name: str, value: str, wanted: str) -> Refusal:
    """Refuse one of our own fields whose value cannot be used, and say what can."""
    return refused("400172", f"Parameter verification failed: {name} is {echo(value)}, not {wanted}")


def misnamed(sent: str, name: str) -> Refusal:
    """Refuse a field whose name is nearly that of one of ours: ignored, it would be a guard that is lost."""
    return refused("400172", f"Parameter verification failed: {echo(sent)} is not a field, {name} is")


def not_supported(name: str) -> Refusal:
    """Refuse a field that would change what an order does and that this venue does not act on yet."""
    return refused("400172", f"Parameter verification failed: {name} is not supported yet")


_OPERATOR_ONLY: Final = ("400172", "Parameter verification failed: {reason}")

#: reason -> (code, text). All are HTTP 400. Names in braces: `detail` of the rejection, `reason` itself,
#: and terms of the contract concerned.
REASON_CODES: Final[Mapping[RejectReason, tuple[str, str]]] = {
    # Only the operator's API can cause these; they have a code so that no reason is without one.
    RejectReason.VENUE_ALREADY_CONFIGURED: _OPERATOR_ONLY,
    RejectReason.ACCOUNT_EXISTS: _OPERATOR_ONLY,
    RejectReason.KEY_EXISTS: _OPERATOR_ONLY,
    RejectReason.INVALID_AMOUNT: _OPERATOR_ONLY,
    RejectReason.INVALID_CONTRACT: _OPERATOR_ONLY,
    RejectReason.CONTRACT_IN_USE: _OPERATOR_ONLY,
    RejectReason.INVALID_LADDER: _OPERATOR_ONLY,
    RejectReason.INVALID_PRICE: _OPERATOR_ONLY,
    RejectReason.UNKNOWN_ACCOUNT: ("40013", "User status is abnormal"),
    RejectReason.UNKNOWN_COIN: ("40034", "Parameter {detail} does not exist"),
    RejectReason.INSUFFICIENT_FUNDS: ("43012", "Insufficient balance"),
    # Instruments. A market without an index price cannot trade, so it answers like one that is offline,
    # and the text says why. 45119 is the code Bitget has for "closing only"; its text is not published.
    RejectReason.UNKNOWN_SYMBOL: ("40034", "Parameter {detail} does not exist"),
    RejectReason.UNKNOWN_PRODUCT_TYPE: ("400172", "Parameter verification failed"),
    RejectReason.SYMBOL_NOT_TRADING: ("41113", "symbol is offline"),
    RejectReason.OPENING_DISABLED: ("45119", "Opening positions is not allowed for this symbol"),
    RejectReason.NO_INDEX_PRICE: ("41113", "symbol is offline, it has no index price yet"),
    # The shape of an order against the account's mode.
    RejectReason.EFFECT_MISSING: (
        "40774",
        "The order type for unilateral position must also be the unilateral position type.",
    ),
    RejectReason.EFFECT_INVALID: ("400172", "Illegal position opening type"),
    RejectReason.SIDE_MISSING: ("400172", "Parameter verification failed"),
    RejectReason.SIDE_INVALID: ("400172", "side mismatch"),
    # An order that names the other margin mode asks for a switch that an open position forbids.
    RejectReason.MARGIN_MODE_MISMATCH: (
        "45117",
        "Currently holding positions or orders, the margin mode cannot be adjusted",
    ),
    RejectReason.DUPLICATE_CLIENT_OID: ("40786", "Duplicate clientOid"),
    # Size, value, price.
    RejectReason.SIZE_OFF_GRID: (
        "40808",
        "Parameter verification exception size checkBDScale error value={detail} checkScale={size_places}",
    ),
    RejectReason.SIZE_TOO_SMALL: ("45111", "less than the minimum order quantity"),
    RejectReason.SIZE_TOO_LARGE: ("45112", "more than the maximum order quantity"),
    RejectReason.VALUE_TOO_SMALL: ("45110", "less than the minimum amount {detail} USDT"),
    RejectReason.PRICE_ABOVE_BAND: (
        "43009",
        "The current order price exceeds the limit {detail}{quote_coin}",
    ),
    RejectReason.PRICE_BELOW_BAND: (
        "43008",
        "The current order price cannot be less than {detail}{quote_coin}",
    ),
    # Positions. 22002 is what the live venue answers to any close or reduce-only order when flat (45006 is
    # its older form); 40757 is the code of the reversal and of reduce-only orders beyond the position.
    RejectReason.NO_POSITION_TO_CLOSE: ("22002", "No position to close"),
    RejectReason.NOTHING_AVAILABLE_TO_CLOSE: ("40755", "Not enough open positions are available."),
    RejectReason.REDUCE_ONLY_TOO_LARGE: ("40757", "Not enough position is available."),
    RejectReason.NO_POSITION_TO_REVERSE: ("40757", "Not enough position is available."),
    # Codes of our own, for what only this venue offers (DESIGN section 5).
    RejectReason.QUOTE_EXPIRED: ("98001", "The quote has expired"),
    RejectReason.WORSE_THAN_QUOTED: ("98003", "The reversal would be worse than quoted: {detail}"),
    RejectReason.PRICE_GUARD_BROKEN: ("98004", "No fill within the price guard {detail}"),
    RejectReason.NOT_BOTH_LEGS: ("98005", "Strict, and not both legs can be filled whole: {detail}"),
    RejectReason.NO_LIQUIDITY: ("22045", "Insufficient liquidity in the market, please operate later"),
    # Limits and margin. 40762 rather than 40754: ccxt maps it to InsufficientFunds.
    RejectReason.TOO_MANY_ORDERS: (
        "45118",
        (
            "Reached the upper limit of the order of transactions "
            "(the current number of order + the current number of orders) {detail}"
        ),
    ),
    RejectReason.TIER_EXCEEDED: (
        "40921",
        "The order size cannot exceed the maximum size of the positionLevel",
    ),
    RejectReason.INSUFFICIENT_MARGIN: ("40762", "The order size is greater than the max open size"),
    RejectReason.TOO_MANY_POSITIONS: (
        "45116",
        "The count of positions hold by the account exceeds the maximum count {detail}",
    ),
    RejectReason.POSITION_LIMIT_EXCEEDED: ("45113", "Maximum order value limit triggered"),
    # A close beyond the bankruptcy price. Only the first text is published; the others are its mirror images.
    RejectReason.LIMIT_BUY_BANKRUPTS: ("22006", "limit price > risk price"),
    RejectReason.LIMIT_SELL_BANKRUPTS: ("22007", "limit price < risk price"),
    RejectReason.MARKET_BUY_BANKRUPTS: ("22008", "market price > risk price"),
    RejectReason.MARKET_SELL_BANKRUPTS: ("22009", "market price < risk price"),
    # order/detail answers 40109 for the same situation, see ORDER_NOT_FOUND.
    RejectReason.UNKNOWN_ORDER: ("43001", "The order does not exist"),
    RejectReason.NO_ORDER_TO_CANCEL: ("22001", "No order to cancel"),
    RejectReason.ORDER_NOT_MODIFIABLE: ("40922", "Only work order modifications are allowed"),
    RejectReason.ORDER_UNCHANGED: ("40923", "Order size and price have not changed"),
    # Orders that wait for a price.
    RejectReason.UNKNOWN_TRIGGER: ("43025", "Plan order does not exist"),
    RejectReason.UNKNOWN_PROTECTION: ("43020", "Stop profit and stop loss order does not exist"),
    RejectReason.TOO_MANY_TRIGGERS: ("40889", "The plan order of this contract has reached the upper limit"),
    RejectReason.CALLBACK_OUT_OF_RANGE: (
        "43011",
        "The parameter does not meet the specification callbackRatio",
    ),
    RejectReason.NO_POSITION_TO_PROTECT: (
        "40891",
        "Insufficient position, can not set take profit or stop loss",
    ),
    # Bitget's table has a text for three of the four; 40916 stands between its neighbours.
    RejectReason.LONG_TAKE_PROFIT_TOO_LOW: ("40915", "Long position take profit price please > mark price"),
    RejectReason.SHORT_TAKE_PROFIT_TOO_HIGH: (
        "40916",
        "Short position take profit price please < mark price",
    ),
    RejectReason.LONG_STOP_LOSS_TOO_HIGH: (
        "40917",
        "Stop price for long positions please < mark price {detail}",
    ),
    RejectReason.SHORT_STOP_LOSS_TOO_LOW: (
        "45122",
        "Short position stop loss price please > mark price {detail}",
    ),
    RejectReason.LEVERAGE_MISSING: ("400172", "Parameter verification failed"),
    RejectReason.LEVERAGE_SIDE_MISSING: (
        "40808",
        "Parameter verification exception double fixed, hold side is null",
    ),
    RejectReason.LEVERAGE_OUT_OF_RANGE: ("43050", "Leverage exceeds the effective range"),
    RejectReason.LEVERAGE_ABOVE_TIER: ("43050", "Leverage exceeds the effective range"),
    RejectReason.LEVERAGE_ORDERS_OPEN: (
        "45097",
        "There is currently an order or a limit order, and the leverage cannot be adjusted",
    ),
    RejectReason.LEVERAGE_MARGIN_MISSING: (
        "40893",
        "Unable to update the leverage factor of this position, there is not enough margin!",
    ),
    RejectReason.MARGIN_IS_CROSSED: ("40808", "Parameter verification exception margin mode == FIXED"),
    RejectReason.NO_POSITION_FOR_MARGIN: (
        "40802",
        "Position is zero and direct margin call is not allowed",
    ),
    RejectReason.MARGIN_AMOUNT_TOO_LARGE: ("40800", "Insufficient amount of margin"),
    RejectReason.MARGIN_MODE_BUSY: (
        "45117",
        "Currently holding positions or orders, the margin mode cannot be adjusted",
    ),
    RejectReason.POSITION_MODE_BUSY: (
        "40920",
        "Position or order exists, the position mode cannot be switched",
    ),
}


def refusal_of(rejected: Rejected, contract: Contract | None = None) -> Refusal:
    """Put a rejection of the engine into Bitget's code and text; `contract` is the one it is about."""
    code, template = REASON_CODES[rejected.reason]
    terms = {
        "detail": echo(rejected.detail),
        "reason": rejected.reason.value,
        "size_places": str(contract.size_places) if contract else "",
        "quote_coin": contract.quote_coin if contract else "",
    }
    return refused(code, template.format_map(terms))
