"""Views: what the engine holds as answers are printed from."""

import msgspec

from backhand.engine.market import Market
from backhand.engine.state import Account
from backhand.views import settings_view
from backhand.wire.contracts import built_in_contracts


def test_settings_shown_before_a_symbol_is_used_are_those_it_will_have() -> None:
    """The account's leverage is brought into the contract's range, from either side, and nothing is kept."""
    terms = built_in_contracts()[0]
    for leverage_min, leverage_max, expected in ((1, 150, 20), (25, 150, 25), (1, 10, 10)):
        market = Market(msgspec.structs.replace(terms, leverage_min=leverage_min, leverage_max=leverage_max))
        account = Account("alice", False, False, "isolated", 20)
        shown = settings_view(account, market)
        leverages = (shown.crossed_leverage, shown.isolated_long_leverage, shown.isolated_short_leverage)
        assert ("isolated", (expected,) * 3) == (shown.margin_mode, leverages)
        assert {} == account.holdings
