import pytest

from backhand.projections.intervals import INTERVALS
from backhand.wire.channels.errors import ChannelError
from backhand.wire.channels.topics import CANDLE_INTERVALS, Topic, read_topic
from backhand.wire.contracts import built_in_contracts

CONTRACTS = {contract.symbol: contract for contract in built_in_contracts()}
USDT, COIN = "USDT-FUTURES", "COIN-FUTURES"


@pytest.mark.parametrize(
    ("arg", "read"),
    [
        ({"instType": USDT, "channel": "ticker", "instId": "BTCUSDT"}, "USDT ticker BTCUSDT"),
        ({"instType": "usdt-futures", "channel": "ticker", "instId": "btcusdt"}, "USDT ticker BTCUSDT"),
        ({"inst_type": USDT, "channel": "ticker", "inst_id": "BTCUSDT", "coin": "default"},
         "USDT ticker BTCUSDT"),
        ({"instType": COIN, "channel": "candle1Dutc", "instId": "BTCUSD"}, "COIN candle1Dutc BTCUSD"),
        ({"instType": USDT, "channel": "books15", "instId": "BTCUSD"}, "USDT books15 BTCUSD"),
        ({"instType": USDT, "channel": "orders", "instId": "default"}, "USDT orders default"),
        ({"instType": USDT, "channel": "orders"}, "USDT orders default"),
        ({"instType": USDT, "channel": "fill", "instId": "ETHUSDT"}, "USDT fill ETHUSDT"),
        ({"instType": USDT, "channel": "equity", "instId": "whatever"}, "USDT equity default"),
        ({"instType": COIN, "channel": "account", "coin": "btc"}, "COIN account BTC"),
        ({"instType": COIN, "channel": "account", "coin": "Default"}, "COIN account default"),
        ({"instType": COIN, "channel": "account"}, "COIN account default"),
        ({"instType": USDT, "channel": "ticker", "instId": "NOPE"}, 30001),
        ({"instType": "SPOT", "channel": "ticker", "instId": "BTCUSDT"}, 30001),
        ({"instType": "SPOT", "channel": "orders", "instId": "default"}, 30001),
        ({"instType": "SPOT", "channel": "account", "coin": "default"}, 30001),
        ({"instType": USDT, "channel": "account", "coin": "DOGE"}, 30001),
        ({"instType": USDT, "channel": "orders", "instId": "NOPE"}, 30001),
        ({"instType": USDT, "channel": "ticker", "instId": "default"}, 30001),
        ({"instType": USDT, "channel": "ticker"}, 30016),
        ({"channel": "ticker", "instId": "BTCUSDT"}, 30016),
        ({"channel": "orders", "instId": "default"}, 30016),
        ({"instType": USDT, "channel": "Ticker", "instId": "BTCUSDT"}, 30016),
        ({"instType": USDT, "channel": "candle1h", "instId": "BTCUSDT"}, 30016),
        ({"instType": USDT, "channel": "books50", "instId": "BTCUSDT"}, 30016),
        ({"instType": USDT, "channel": "", "instId": "BTCUSDT"}, 30016),
        ({}, 30016),
    ],
)  # fmt: skip
def test_args(arg: dict[str, str], read: str | int) -> None:
    """Each spelling of an argument names one topic, or fails with its code."""
    topic = read_topic(arg, CONTRACTS)
    if isinstance(topic, ChannelError):
        assert read == topic.code
    else:
        assert read == f"{topic.product_type.removesuffix('-FUTURES')} {topic.channel} {topic.name}"


def test_every_interval_has_a_channel() -> None:
    """The candles that there are and the channels that are understood are the same."""
    assert sorted(INTERVALS) == sorted(CANDLE_INTERVALS)
    for name in INTERVALS:
        arg = {"instType": USDT, "channel": "candle" + name, "instId": "BTCUSDT"}
        assert isinstance(read_topic(arg, CONTRACTS), Topic)


@pytest.mark.parametrize(
    ("channel", "private"), [("ticker", False), ("candle1m", False), ("books", False), ("orders", True),
                             ("adl-noti", True), ("equity", True)],
)  # fmt: skip
def test_what_is_private(channel: str, *, private: bool) -> None:
    """Only what is about an account needs a login."""
    assert private == Topic(USDT, channel, "default").is_private
