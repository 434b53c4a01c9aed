"""Calls that anybody may make: time, contracts, ticker, book."""

from backhand.client import routes
from backhand.client.instruments import Instrument, ProductType, instrument_of
from backhand.client.models import Book, Contract, ServerTime, Ticker
from backhand.client.session import Flow, Session
from backhand.wire.requests.markets import DepthForm, MarketForm, NoForm


def server_time(session: Session) -> Flow[int]:
    """
    Ask what time it is at the exchange, in ms since 1970 (UTC).

    Requests are signed with this machine's clock, which may differ by 30 s at most. 20 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-server-time
    """
    answer = yield from session.call(routes.SERVER_TIME, NoForm(), ServerTime)
    return answer.time_ms


def contracts(session: Session, product_type: ProductType, symbol: str = "") -> Flow[list[Contract]]:
    """
    List the contracts of a product type, or the one with this symbol. 20 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-contract-config; market.md section 3
    """
    return (
        yield from session.call(
            routes.CONTRACTS, MarketForm(product_type=product_type, symbol=symbol), list[Contract]
        )
    )


def ticker(session: Session, instrument: Instrument | str) -> Flow[Ticker]:
    """
    Ask for the prices of a contract now, in its quote currency. 20 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-ticker; market.md
    """
    of = instrument_of(instrument)
    form = MarketForm(product_type=of.product_type, symbol=of.symbol)
    rows = yield from session.call(routes.TICKER, form, tuple[Ticker])
    return rows[0]


def book(session: Session, instrument: Instrument | str, limit: int = 100) -> Flow[Book]:
    """
    Ask for the order book of a contract, the best `limit` levels of each side. 20 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/get-merge-depth; market.md
    """
    of = instrument_of(instrument)
    form = DepthForm(product_type=of.product_type, symbol=of.symbol, limit=str(limit))
    return (yield from session.call(routes.DEPTH, form, Book))
