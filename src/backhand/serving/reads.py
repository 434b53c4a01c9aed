"""
Questions of clients, answered: engine figures, book, tickers and stored rows become wire answers.

    query ─▶ account_reads, order_reads, market_reads, quoting ─▶ answer

State is read at a join. Rows of the past are read from the store, which sees every command that was
answered before the question. What the store cannot tell in time is unknown, never "does not exist".
"""

from collections.abc import Awaitable, Callable
from typing import Any

from backhand.explaining import Refusals
from backhand.history import HistoryError, receipt
from backhand.journal import JournalUnavailable
from backhand.node import Node
from backhand.outcomes import OutcomeUnknown
from backhand.projections.tickers import TickersFold
from backhand.quoting import quote
from backhand.receipts import receipt_of
from backhand.serving.account_reads import AccountReads
from backhand.serving.directory import Directory
from backhand.serving.market_reads import MarketReads
from backhand.serving.order_reads import OrderReads
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.requests import receipts, reversals
from backhand.wire.responses.receipts import ExplainAnswer, ReceiptAnswer
from backhand.wire.responses.reversals import QuoteAnswer


class Reads:
    """Answers every query of `wire.requests`."""

    def __init__(
        self,
        node: Node,
        directory: Directory,
        tickers: TickersFold,
        refusals: Refusals,
        quote_key: bytes = b"",
    ) -> None:
        self._node = node
        self._refusals = refusals
        self._quote_key = quote_key
        self.methods: dict[type[Any], Callable[[str, Any], Awaitable[object]]] = {
            reversals.ReversalQuery: self._quote,
            receipts.ReceiptQuery: self._receipt,
            receipts.ExplainQuery: self._explain,
            **AccountReads(node, directory).methods,
            **OrderReads(node).methods,
            **MarketReads(node, directory, tickers).methods,
        }

    async def answer(self, uid: str, query: object) -> object | Refusal:
        """
        Answer a query of `wire.requests`; `uid` is the caller's, "" for public queries.

        Raises:
            OutcomeUnknown: the store could not tell in time.
        """
        try:
            return await self.methods[type(query)](uid, query)
        except (HistoryError, JournalUnavailable) as error:
            raise OutcomeUnknown from error

    async def _quote(self, uid: str, query: reversals.ReversalQuery) -> QuoteAnswer | Refusal:
        now_ms = self._node.clock.now_ms()
        return await self._node.read(lambda state: quote(state, uid, query, self._quote_key, now_ms))

    async def _receipt(self, uid: str, query: receipts.ReceiptQuery) -> ReceiptAnswer | Refusal:
        found = await self._node.history.ask(
            lambda connection: receipt(connection, uid, query.order_id, query.client_oid)
        )
        if found is None:
            return codes.ORDER_NOT_FOUND
        return receipt_of(found, await self._node.record_hash(found.reversal.sequence))

    async def _explain(self, uid: str, query: receipts.ExplainQuery) -> ExplainAnswer | Refusal:
        return self._refusals.explain(uid, query)
