"""
Reverse a position at a price that is known before, or not at all.

    backhand serve --market synthetic --port 8080
    python examples/quote_and_reverse.py http://127.0.0.1:8080 KEY SECRET PASSPHRASE

`POST /_venue/accounts` makes a key. The program buys 1 ETH first, so that there is something to reverse.
"""

import sys
from decimal import Decimal

from backhand.client import Client, Credentials, QuoteRefused

SYMBOL = "ETHUSDT"
QUOTES_MAX = 5


def main(base_url: str, key: str, secret: str, passphrase: str) -> None:
    """Quote, look at the quote, commit to it; quote again when the market was faster."""
    with Client(base_url, Credentials(key, secret, passphrase)) as client:
        client.place_order(SYMBOL, "buy", Decimal(1))
        for _ in range(QUOTES_MAX):
            quote = client.quote(SYMBOL, shortfall="strict", max_slippage=Decimal("0.01"))
            print(quote.outcome)
            print(f"  at {quote.open_leg.average_price}, fees {quote.close_leg.fee + quote.open_leg.fee}")
            try:
                done = client.reverse(
                    SYMBOL,
                    shortfall="strict",
                    max_slippage=Decimal("0.01"),
                    quote_id=quote.quote_id,
                )
            except QuoteRefused as refused:
                print(f"  {refused}")
                continue
            for position in done.positions or ():
                print(f"now {position.hold_side} {position.total} at {position.open_price_avg}")
            return
        print("the market is faster than five quotes")


if __name__ == "__main__":
    main(*sys.argv[1:])
