"""
Codes of refusals: which exception each becomes, and what to do next.

Texts are the exchange's own; the advice is ours. Source: errors.md; `backhand.wire.codes`.
"""

from typing import Final

from backhand.client.errors import (
    AccessRefused,
    DuplicateClientOid,
    GuardRefused,
    InsufficientMargin,
    NotFound,
    NothingHeld,
    QuoteRefused,
    Refused,
    TooManyRequests,
    UnifiedAccount,
)
from backhand.wire import codes
from backhand.wire.channels import errors

#: Codes after which nobody knows what happened: the exchange's own time-out, faults and upgrades. Source:
#: errors.md, "Transient and other"; auth.md section 8.
UNKNOWN_CODES: Final = frozenset(
    [codes.OUTCOME_UNKNOWN.code, codes.NOT_READY.code, "40010", "45001", "40200"]
)

_ELSEWHERE: Final = "Read the code's line in the exchange's list of codes; the same request will fail again."
_KEY: Final = "Check key, secret and passphrase, and that they are for this address (and for paptrading)."
_CLOCK: Final = "Set this machine's clock: it is over 30 s from theirs."
_SLOWER: Final = "Send less often; other programs may share the account."
_UNLISTED: Final = "Check the symbol: it is not listed."
_MARGIN: Final = "Free or deposit margin, lower the size, or raise the leverage."
_FLAT: Final = "Read the positions: there is nothing of this symbol and side."
_LOOK: Final = "Look at the order under this clientOid; use a new one for something new."
_ABSENT: Final = "Check the id, symbol and product type; what was sent a moment ago may not be listed yet."

_KINDS: Final[dict[str, tuple[type[Refused], str]]] = {
    codes.KEY_MISSING.code: (AccessRefused, _KEY),
    codes.SIGNATURE_MISSING.code: (AccessRefused, _KEY),
    codes.PASSPHRASE_MISSING.code: (AccessRefused, _KEY),
    codes.KEY_UNKNOWN.code: (AccessRefused, _KEY),
    codes.PASSPHRASE_WRONG.code: (AccessRefused, _KEY),
    codes.SIGNATURE_WRONG.code: (AccessRefused, _KEY),
    "40036": (AccessRefused, _KEY),
    "40099": (AccessRefused, _KEY),
    # Of a stream's login; its codes are numbers.
    str(errors.LOGIN_FAILED.code): (AccessRefused, _KEY),
    str(errors.KEY_UNKNOWN.code): (AccessRefused, _KEY),
    str(errors.PASSPHRASE_WRONG.code): (AccessRefused, _KEY),
    str(errors.SIGNATURE_WRONG.code): (AccessRefused, _KEY),
    str(errors.TIMESTAMP_INVALID.code): (AccessRefused, _CLOCK),
    str(errors.TIMESTAMP_EXPIRED.code): (AccessRefused, _CLOCK),
    str(errors.TOO_MANY_REQUESTS.code): (TooManyRequests, _SLOWER),
    str(errors.FLOODED.code): (TooManyRequests, _SLOWER),
    str(errors.NOT_EXISTING_CODE): (Refused, _UNLISTED),
    codes.TIMESTAMP_EXPIRED.code: (AccessRefused, _CLOCK),
    codes.TIMESTAMP_INVALID.code: (AccessRefused, "Set this machine's clock."),
    codes.ADDRESS_REFUSED.code: (AccessRefused, "Add this machine's address to the key."),
    "40038": (AccessRefused, "Add this machine's address to the key."),
    codes.TRADE_PERMISSION_MISSING.code: (AccessRefused, "Use a key with this permission."),
    codes.TOO_MANY_REQUESTS.code: (TooManyRequests, _SLOWER),
    "40757": (NothingHeld, _FLAT),
    "22002": (NothingHeld, _FLAT),
    "43043": (NothingHeld, _FLAT),
    "45006": (NothingHeld, _FLAT),
    "25227": (NothingHeld, _FLAT),
    "40762": (InsufficientMargin, _MARGIN),
    "40754": (InsufficientMargin, _MARGIN),
    "43012": (InsufficientMargin, _MARGIN),
    "25202": (InsufficientMargin, _MARGIN),
    "25203": (InsufficientMargin, _MARGIN),
    "98001": (QuoteRefused, "Ask for a new quote."),
    codes.QUOTE_FORGED.code: (QuoteRefused, "Send a quote of this account and symbol, unchanged."),
    "98003": (QuoteRefused, "The market or the account has moved: ask for a new quote."),
    "98004": (GuardRefused, "Widen worst_price or max_slippage, or wait for the price."),
    "98005": (GuardRefused, "Make room (margin, limits, open orders), or accept another shortfall."),
    codes.ORDER_NOT_FOUND.code: (NotFound, _ABSENT),
    "43001": (NotFound, _ABSENT),
    "25204": (NotFound, _ABSENT),
    "40786": (DuplicateClientOid, _LOOK),
    "43118": (DuplicateClientOid, _LOOK),
    "45034": (DuplicateClientOid, _LOOK),
    "40708": (DuplicateClientOid, _LOOK),
    "40085": (UnifiedAccount, "Of the calls here, only `reverse` works on a unified account."),
    codes.PARAMETERS.code: (Refused, "A parameter is missing or has a value that is not accepted."),
    "40774": (Refused, "In hedge mode say which side is meant; in one-way mode do not."),
    "45110": (Refused, "Raise the size: the value is below the contract's minimum."),
    "45111": (Refused, "Raise the size: it is below the contract's minimum."),
    "40808": (Refused, "Send a positive size, with no more decimals than the contract has."),
    "22038": (Refused, "Round the size to the contract's step."),
    "45115": (Refused, "Round the price to the contract's step."),
    "22045": (Refused, "Wait for the book to fill: nothing is offered within the price band."),
    "40920": (Refused, "Close positions and cancel orders of the product type first."),
    "45117": (Refused, "Close the position and cancel the orders of the symbol first."),
    "40034": (Refused, _UNLISTED),
    codes.UNKNOWN_PATH.code: (Refused, "This exchange, or this version of it, has no such call."),
}


def refused(code: str, text: str, http_status: int, request_id: str = "") -> Refused:
    """Make the exception for a refusal."""
    kind, advice = _KINDS.get(code, (Refused, _ELSEWHERE))
    return kind(code, text, http_status, advice, request_id)
