"""Orders on a WebSocket as they are read, and what is answered."""

import json
from typing import Any

from backhand.wire.channels.messages import TradeRequest, read_message
from backhand.wire.channels.trading import Trade, read_trade

WHERE = {"instType": "USDT-FUTURES", "instId": "BTCUSDT"}


def read(channel: str, params: dict[str, Any]) -> Trade:
    arg = {"id": "1", "channel": channel, **WHERE, "params": params}
    message = read_message(json.dumps({"op": "trade", "args": [arg]}))
    assert isinstance(message, TradeRequest)
    trade = read_trade(message.args[0])
    assert isinstance(trade, Trade)
    return trade


def test_only_what_the_endpoint_reads_goes_on() -> None:
    """The symbol is that of the frame, whatever else is sent, and what means nothing ends here."""
    names = {"symbol": "ETHUSDT", "productType": "COIN-FUTURES", "orderId": 1, "size": "1"}
    trade = read("cancel-order", names | {str(number): number for number in range(1_000)})
    assert {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "orderId": 1} == json.loads(trade.body)
    assert {"orderId": "1"} == trade.sent
