"""
Where prices and liquidity come from.

    walk ─▶ ladder, trades ─▶ ReplaceLadder ─▶ submit        synthetic: all symbols, twice a second
    operator's API ─▶ ReplaceLadder, SetPrice ─▶ submit      manual: nothing here runs
"""
