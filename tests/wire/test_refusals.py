"""Codes are found in what parsers name."""

import re

import msgspec
import pytest

from backhand.commands import CancelOrder
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.fields import Call
from backhand.wire.refusals import refusal_codes

CANCEL = ENDPOINTS["POST", "/api/v2/mix/order/cancel-order"]
PUBLIC = ENDPOINTS["GET", "/api/v2/public/time"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        # Named in the parser, in a function that it calls, in a function of codes, in rules with a default.
        ("/api/v2/mix/account/account", ("400172", "40034", "22012", "40778")),
        ("/api/v2/mix/account/bill", ("400172", "40020", "40707", "40704", "00001")),
        ("/api/v2/mix/order/orders-pending", ("400172", "40402", "40705")),
        ("/api/v2/copy/mix-trader/profit-details", ("31001", "40022")),
        ("/api/v3/account/settings", ("40084",)),
    ],
)
def test_what_a_parser_names_is_found(path: str, wanted: tuple[str, ...]) -> None:
    """However a parser comes to a refusal, its code is found."""
    assert set(wanted) <= set(refusal_codes(ENDPOINTS["GET", path], {}))


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.path)
def test_what_a_parser_tells_is_found(endpoint: Endpoint) -> None:
    """The codes in a parser's own docstring, written by hand, are all among its endpoint's."""
    told = re.findall(r"\b\d{5,6}\b", endpoint.parse.__doc__ or "")
    assert set() == set(told) - set(refusal_codes(endpoint, {}))


def test_what_comes_later_is_the_callers() -> None:
    """A command's own refusals are added where the parser makes it, and nowhere else."""
    later: dict[type, tuple[str, ...]] = {CancelOrder: ("43001",)}
    assert "43001" in refusal_codes(CANCEL, later)
    assert "43001" not in refusal_codes(CANCEL, {})
    assert "43001" not in refusal_codes(PUBLIC, later)


def test_public_reads_have_no_codes_of_keys() -> None:
    """What needs no key is never refused for one."""
    assert (codes.OUTCOME_UNKNOWN.code,) == refusal_codes(PUBLIC, {})
    assert codes.KEY_MISSING.code in refusal_codes(CANCEL, {})


def parse_canary(call: Call) -> Refusal:
    """Refuse in a way that no parser does."""
    del call
    return codes.NO_PROTECTION


def test_a_new_check_is_documented_by_being_written() -> None:
    """Canary: a parser that is changed has other codes."""
    changed = msgspec.structs.replace(CANCEL, parse=parse_canary)
    assert codes.NO_PROTECTION.code in refusal_codes(changed, {})
    assert codes.NO_PROTECTION.code not in refusal_codes(CANCEL, {})
