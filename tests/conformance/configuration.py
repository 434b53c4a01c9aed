"""What freqtrade is told, as clients.md section 5 has it: live, isolated futures, one pair."""

from typing import Any, Final

from tests.http.venue import Credentials, VenueProcess

PAIR: Final = "BTC/USDT:USDT"
#: Every base address that ccxt keeps for Bitget.
ADDRESSES: Final = (
    *("spot", "mix", "user", "p2p", "broker", "margin", "common", "tax", "convert", "copy", "earn", "uta"),
)


def configuration(venue: VenueProcess, key: Credentials) -> dict[str, Any]:
    """The settings of one run."""
    base = f"ws://{venue.host}:{venue.port}/v2/ws"
    sockets = {"ws": {"public": f"{base}/public", "private": f"{base}/private"}}
    urls = {"api": dict.fromkeys(ADDRESSES, venue.base_url) | sockets}
    return {
        "dry_run": False,
        "initial_state": "running",
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "stake_amount": 500,
        "max_open_trades": 1,
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "unfilledtimeout": {"entry": 1, "exit": 1, "unit": "minutes"},
        "cancel_open_orders_on_exit": True,
        "exchange": {
            "name": "bitget",
            "key": key.api_key,
            "secret": key.secret,
            "password": key.passphrase,
            "pair_whitelist": [PAIR],
            "ccxt_config": {"options": {"uta": False}, "urls": urls},
        },
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 5},
    }
