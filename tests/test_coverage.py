"""The page of what is covered is what the declarations say."""

import pytest

from backhand.wire.channels.topics import CANDLE_PREFIX, PRIVATE_CHANNELS, PUBLIC_CHANNELS
from backhand.wire.endpoints import ENDPOINTS
from tests.coverage import CHANNELS, PAGE, SOCKET, Documented, channel_row, documented, page, row

PLACE = ENDPOINTS["POST", "/api/v2/mix/order/place-order"]


def test_the_page_is_what_would_be_written() -> None:
    """A changed endpoint comes with its page; `make docs` writes it."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_no_endpoint_is_documented_twice() -> None:
    """The list of what Bitget documents has each route once."""
    routes = [(one.method, one.path) for one in documented()]
    assert sorted(set(routes)) == sorted(routes)


def test_every_channel_has_its_row() -> None:
    """What can be subscribed to is what the page lists, all candles in one row."""
    served = {name for name in (*PUBLIC_CHANNELS, *PRIVATE_CHANNELS) if not name.startswith(CANDLE_PREFIX)}
    assert served | {CANDLE_PREFIX} == set(CHANNELS)
    assert set(CHANNELS) == {one.path for one in documented() if one.method == SOCKET}


def test_canary_of_a_channel_is_told() -> None:
    """A field that is missing, and one that is ours, stand in its row."""
    said = channel_row(Documented(SOCKET, "trade", ("instId",), ("ts", "price", "size", "side", "mood")))
    assert "| `trade` | `instId` | `mood` | `tradeId` |" == said


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
