import string

import pytest

from backhand.events import Rejected, RejectReason
from backhand.wire import codes
from backhand.wire.codes import REASON_CODES, Refusal, refusal_of
from tests.wire.calls import CONTRACTS

#: The set that errors.md recommends, one per situation, and the decisions of reversal.md.
RECOMMENDED = {
    RejectReason.DUPLICATE_CLIENT_OID: "40786",
    RejectReason.INSUFFICIENT_MARGIN: "40762",
    RejectReason.SIZE_TOO_SMALL: "45111",
    RejectReason.VALUE_TOO_SMALL: "45110",
    RejectReason.NO_POSITION_TO_REVERSE: "40757",
    RejectReason.NO_POSITION_TO_CLOSE: "22002",
    RejectReason.UNKNOWN_ORDER: "43001",
    RejectReason.EFFECT_MISSING: "40774",
    RejectReason.EFFECT_INVALID: "400172",
    RejectReason.SIDE_MISSING: "400172",
    RejectReason.SIDE_INVALID: "400172",
    RejectReason.SIZE_OFF_GRID: "40808",
    RejectReason.NO_LIQUIDITY: "22045",
    RejectReason.POSITION_MODE_BUSY: "40920",
    RejectReason.MARGIN_MODE_BUSY: "45117",
}


@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_reason_has_a_code(reason: RejectReason) -> None:
    """Each reason of the engine is answered with a numeric code, status 400 and a finished text."""
    for contract in (None, CONTRACTS["BTCUSDT"]):
        refusal = refusal_of(Rejected(reason, "X{0}"), contract)
        assert refusal.code.isdigit()
        assert refusal.http_status == 400
        assert refusal.message.replace("X{0}", "").isprintable()
        assert "{" not in refusal.message.replace("X{0}", "")


def test_no_reason_is_left_over() -> None:
    """The table and the engine's reasons are the same set."""
    assert set(RejectReason) == set(REASON_CODES)


def test_templates_name_known_terms_only() -> None:
    """A text is filled from the rejection and its contract, nothing else."""
    names = {
        name for _, text in REASON_CODES.values() for _, name, _, _ in string.Formatter().parse(text) if name
    }
    assert {"detail", "reason", "size_places", "quote_coin"} >= names


@pytest.mark.parametrize(("reason", "code"), RECOMMENDED.items())
def test_recommended_codes(reason: RejectReason, code: str) -> None:
    """The situations that errors.md and reversal.md decide have exactly those codes."""
    assert code == refusal_of(Rejected(reason)).code


@pytest.mark.parametrize(
    ("rejected", "symbol", "message"),
    [
        (
            Rejected(RejectReason.SIZE_OFF_GRID, "2293.57721"),
            "BTCUSDT",
            "Parameter verification exception size checkBDScale error value=2293.57721 checkScale=4",
        ),
        (Rejected(RejectReason.UNKNOWN_SYMBOL, "NOPE"), None, "Parameter NOPE does not exist"),
        (Rejected(RejectReason.VALUE_TOO_SMALL, "5"), "BTCUSDT", "less than the minimum amount 5 USDT"),
        (
            Rejected(RejectReason.PRICE_ABOVE_BAND, "63000.5"),
            "BTCUSDT",
            "The current order price exceeds the limit 63000.5USDT",
        ),
    ],
)
def test_texts_carry_the_value_concerned(rejected: Rejected, symbol: str | None, message: str) -> None:
    """A refusal names the value that it is about, in the venue's own wording."""
    assert message == refusal_of(rejected, CONTRACTS[symbol] if symbol else None).message


def test_long_texts_are_not_repeated_whole() -> None:
    """What a caller sent stands in a message shortened, so that answers stay small."""
    assert len(codes.not_existing("X" * 1_000_000).message) < 200


def test_only_the_rate_limit_and_the_size_limit_have_another_status() -> None:
    """Everything that is refused before a command exists has HTTP status 400, but 429 and 413."""
    constants = {name: value for name, value in vars(codes).items() if isinstance(value, Refusal)}
    others = {name: value.http_status for name, value in constants.items() if value.http_status != 400}
    assert {"TOO_MANY_REQUESTS": 429, "BODY_TOO_LARGE": 413} == others
