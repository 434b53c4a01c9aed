"""What can be subscribed to, and how an `arg` names it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.wire.channels.errors import PARAMETERS, ChannelError, not_existing
from backhand.wire.fields import PRODUCT_TYPES

#: Levels a side of the book channels that always send all they show.
SHALLOW_BOOKS: Final = {"books1": 1, "books5": 5, "books15": 15}
CANDLE_PREFIX: Final = "candle"
CANDLE_INTERVALS: Final = (
    *("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H", "6H", "12H", "1D", "3D", "1W", "1M"),
    *("6Hutc", "12Hutc", "1Dutc", "3Dutc", "1Wutc", "1Mutc"),
)
PUBLIC_CHANNELS: Final = (
    *("ticker", "trade", "books", *SHALLOW_BOOKS),
    *(CANDLE_PREFIX + interval for interval in CANDLE_INTERVALS),
)
PRIVATE_CHANNELS: Final = (
    *("account", "equity", "positions", "positions-history"),
    *("orders", "fill", "orders-algo", "adl-noti"),
)
#: Stands for every symbol, or every coin, of a product type.
ALL: Final = "default"


class Topic(msgspec.Struct, frozen=True):
    """
    One subject of subscriptions, equal for everybody who asks for the same.

    `name` is a symbol, in `account` a coin, or ALL in private channels.
    """

    product_type: str
    channel: str
    name: str

    @property
    def is_private(self) -> bool:
        """Whether it is about the account of whoever reads it."""
        return self.channel in PRIVATE_CHANNELS


def read_topic(arg: Mapping[str, str], contracts: Mapping[str, Contract]) -> Topic | ChannelError:
    """
    Read an `arg`, spelled as the documentation does or in snake case; symbols may have any case.

    A symbol of another product type is taken: it stays silent, as on the exchange.
    """
    channel = arg.get("channel", "")
    product_type = (arg.get("instType") or arg.get("inst_type") or "").upper()
    if channel in PUBLIC_CHANNELS:
        return _existing(product_type, channel, _symbol(arg), contracts)
    if channel not in PRIVATE_CHANNELS or not product_type:
        return PARAMETERS
    if channel == "account":
        coin = arg.get("coin") or ALL
        name = ALL if coin.lower() == ALL else coin.upper()
        coins = [ALL, *(contract.margin_coin for contract in contracts.values())]
        if product_type not in PRODUCT_TYPES or name not in coins:
            return not_existing(product_type, channel, name)
        return Topic(product_type, channel, name)
    name = _symbol(arg)
    if channel == "equity" or name in {"", ALL.upper()}:
        if product_type not in PRODUCT_TYPES:
            return not_existing(product_type, channel, ALL)
        return Topic(product_type, channel, ALL)
    return _existing(product_type, channel, name, contracts)


def _symbol(arg: Mapping[str, str]) -> str:
    return (arg.get("instId") or arg.get("inst_id") or "").upper()


def _existing(
    product_type: str, channel: str, symbol: str, contracts: Mapping[str, Contract]
) -> Topic | ChannelError:
    if not product_type or not symbol:
        return PARAMETERS
    if product_type not in PRODUCT_TYPES or symbol not in contracts:
        return not_existing(product_type, channel, symbol)
    return Topic(product_type, channel, symbol)
