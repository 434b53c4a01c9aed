import msgspec
import pytest

from backhand.wire.channels.books import LevelText, book_row, checksum, level_texts
from backhand.wire.contracts import built_in_contracts

(BTCUSDT,) = (contract for contract in built_in_contracts() if contract.symbol == "BTCUSDT")


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        ([("65000.1", "1.2500"), ("65000.0", "3.0000")], [("65000.2", "1.5000")], -1575424640),
        ([], [], 0),
        ([("1", "2")], [], 932_632_908),
        ([], [("1", "2")], 932_632_908),
    ],
)
def test_checksum(bids: list[LevelText], asks: list[LevelText], expected: int) -> None:
    """The sum of the documented text, signed; a missing side is left out."""
    assert expected == checksum(bids, asks)


def test_a_checksum_is_of_25_levels() -> None:
    """What is deeper does not count."""
    bids = [(str(100 - place), "1") for place in range(40)]
    asks = [(str(101 + place), "1") for place in range(40)]
    assert checksum(bids[:25], asks[:25]) == checksum(bids, asks) != checksum(bids[:24], asks)


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ((650_001, 12_500), ("65000.1", "1.2500")),
        ((650_000, 1), ("65000.0", "0.0001")),
        ((1, 0), ("0.1", "0")),
    ],
)
def test_levels(level: tuple[int, int], text: LevelText) -> None:
    """A price has one text, with the contract's decimals, and a level that is gone has the size "0"."""
    assert [text] == level_texts(BTCUSDT, [level])


def test_a_snapshot() -> None:
    """Asks rise, bids fall, there is nothing before it and nothing to check."""
    row = book_row(BTCUSDT, [(650_001, 10_000)], [(650_002, 5_000), (650_003, 1)], 77, 123)
    assert (
        b'{"asks":[["65000.2","0.5000"],["65000.3","0.0001"]],"bids":[["65000.1","1.0000"]],'
        b'"checksum":0,"seq":77,"pseq":0,"ts":"123"}'
    ) == msgspec.json.encode(row)
