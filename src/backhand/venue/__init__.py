"""
The venue as one Python object: no socket, no disk, no thread.

    from backhand import Venue

    venue = Venue()
    venue.set_book("ETHUSDT", bids=[("2999", "50")], asks=[("3001", "50")], index="3000")
    trader = venue.open_account({"USDT": "100000"})
    trader.place_order("ETHUSDT", "buy", "20")
    quote = trader.quote("ETHUSDT")
    trader.reverse("ETHUSDT", quote_id=quote.quote_id)

How a call travels, all of it in the caller's thread:

    account (the client's calls) ─▶ desk: parse ─▶ engine ─▶ render ─▶ model or exception
                                      │                └─▶ events ─▶ kept (orders, fills), tickers
                                      └─▶ answers: figures, book, rows

Promises the engine, the requests and the answers of a served venue: the same commands give the same digest.
"""

from backhand.venue.account import VenueAccount
from backhand.venue.audit import Audit, CoinSums, OpenInterest
from backhand.venue.venue import Venue
from backhand.venue.waiting import WaitingOrder

__all__ = ["Audit", "CoinSums", "OpenInterest", "Venue", "VenueAccount", "WaitingOrder"]
