"""
Reverse a position once, also when the answer is lost on the way.

    python examples/safe_reverse.py http://127.0.0.1:8080 KEY SECRET PASSPHRASE

`client.reverse` sends the reversal once. When its answer is lost, it asks the exchange for the reversal's
`clientOid` until it knows, or says `OutcomeUnknown`. What a bot must never do then is close and open by
hand: the reversal may have happened, or happen in a moment.
"""

import sys
import time
from decimal import Decimal

from backhand.client import Client, Credentials, NotFound, NotSent, OutcomeUnknown, Refused, Reversal

SYMBOL = "ETHUSDT"
#: A request that arrives more than 30 s after it was signed is refused (unless the venue's clock is frozen
#: or scaled), so what the exchange does not show after that, and a little, it has most likely never seen.
SIGNATURE_SECONDS = 35


def reverse_once(client: Client) -> Reversal | None:
    """Reverse; None when it surely did not happen."""
    try:
        return client.reverse(SYMBOL)
    except NotSent as failure:
        print(f"nothing was sent: {failure}")
    except Refused as refusal:
        print(f"refused: {refusal}")
    except OutcomeUnknown as unknown:
        print(unknown)
        ends_at = time.monotonic() + SIGNATURE_SECONDS
        while time.monotonic() < ends_at:
            time.sleep(1)
            try:
                return client.find_reversal(SYMBOL, unknown.client_oid)
            except NotFound:
                continue
        print("not shown within the life of its signature")
    return None


def main(base_url: str, key: str, secret: str, passphrase: str) -> None:
    """Buy 1 ETH, so that there is something to reverse, and reverse it."""
    with Client(base_url, Credentials(key, secret, passphrase), timeout_seconds=2) as client:
        client.place_order(SYMBOL, "buy", Decimal(1))
        done = reverse_once(client)
        if done is not None:
            print("found after its answer was lost" if done.found else "answered")
        for position in client.positions(SYMBOL):
            print(f"now {position.hold_side} {position.total}")


if __name__ == "__main__":
    main(*sys.argv[1:])
