"""
Orders that come on a WebSocket: the checks of a call over HTTP behind its shape, and one frame as answer.

Quotas are those of the endpoints, shared with HTTP (websocket.md section 8).
"""

import time
from typing import Final

from backhand.clock import wall_ms
from backhand.gateway.access import missing_permission
from backhand.gateway.calls import SUCCESS_CODE, Calls, Carried
from backhand.gateway.counters import RequestCounters
from backhand.gateway.ports import Executor, OpenedKey
from backhand.wire import codes
from backhand.wire.channels import errors
from backhand.wire.channels.errors import ChannelError
from backhand.wire.channels.messages import TradeRequest
from backhand.wire.channels.trading import Trade, misread, not_traded, read_trade, traded
from backhand.wire.codes import Refusal

#: Orders of one message: the exchange takes no batches here.
ORDERS_MAX: Final = 1


class Trading:
    """Answers trades."""

    def __init__(self, venue: Executor, calls: Calls, counters: RequestCounters) -> None:
        self._venue = venue
        self._calls = calls
        self._counters = counters

    async def answer(self, key: OpenedKey | None, request: TradeRequest) -> bytes:
        """Carry out one message; `key` is None while nobody logged in."""
        now_ms = self._venue.now_ms
        args = request.args
        if key is None:
            return misread(errors.LOGIN_REQUIRED, args, now_ms())
        trade = read_trade(args[0]) if len(args) <= ORDERS_MAX else errors.ONE_ORDER
        if isinstance(trade, ChannelError):
            return misread(trade, args, now_ms())
        started = time.perf_counter()
        request_id = self._calls.new_request_id()
        data, note = await self._carry_out(key, trade, request_id)
        if isinstance(data, Refusal):
            code, frame = data.code, not_traded(trade, data, request_id.decode(), now_ms())
        else:
            code, frame = SUCCESS_CODE, traded(trade, data, note, now_ms())
        self._counters.count(trade.endpoint.path, code, time.perf_counter() - started)
        return frame

    async def _carry_out(self, key: OpenedKey, trade: Trade, request_id: bytes) -> Carried:
        missing = missing_permission(key, "trade")
        if missing is not None:
            return missing, None
        if self._calls.take(trade.endpoint, key) < 0:
            return codes.TOO_MANY_REQUESTS, None
        return await self._calls.carry_out(trade.endpoint, key, trade.body, wall_ms(), request_id)
