"""The page of what is covered is what the declarations say."""

import pytest

from backhand.wire.endpoints import ENDPOINTS
from tests.coverage import PAGE, Documented, documented, page, row

PLACE = ENDPOINTS["POST", "/api/v2/mix/order/place-order"]


def test_the_page_is_what_would_be_written() -> None:
    """A changed endpoint comes with its page; `make docs` writes it."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_no_endpoint_is_documented_twice() -> None:
    """The list of what Bitget documents has each route once."""
    routes = [(one.method, one.path) for one in documented()]
    assert sorted(set(routes)) == sorted(routes)


@pytest.mark.parametrize(
    ("documented_parameters", "documented_fields", "said"),
    [
        (("size", "colour"), (), "| `colour` |"),
        (("size",), ("orderId", "clientOid", "mood"), "| `mood` |"),
        (("size",), ("clientOid",), "`orderId` |"),
    ],
)
def test_canary_is_told(
    documented_parameters: tuple[str, ...], documented_fields: tuple[str, ...], said: str
) -> None:
    """What is missing, and what is ours, stands in the row."""
    one = Documented("POST", PLACE.path, documented_parameters, documented_fields)
    assert said in row(one, PLACE)
    assert "missing" in row(one, None)
