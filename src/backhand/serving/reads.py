"""
Questions of clients, answered: engine figures, book, tickers and stored rows become wire answers.

    query ─▶ account_reads, order_reads, market_reads ─▶ answer

State is read at a join. Rows of the past are read from the store, which sees every command that was
answered before the question. What the store cannot tell in time is unknown, never "does not exist".
"""

from backhand.history import HistoryError
from backhand.node import Node
from backhand.outcomes import OutcomeUnknown
from backhand.projections.tickers import TickersFold
from backhand.serving.account_reads import AccountReads
from backhand.serving.directory import Directory
from backhand.serving.market_reads import MarketReads
from backhand.serving.order_reads import OrderReads
from backhand.wire.codes import Refusal


class Reads:
    """Answers every query of `wire.requests`."""

    def __init__(self, node: Node, directory: Directory, tickers: TickersFold) -> None:
        self._methods = {
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
            return await self._methods[type(query)](uid, query)
        except HistoryError as error:
            raise OutcomeUnknown from error
