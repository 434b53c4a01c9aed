"""
What clients are sent without asking again: subscriptions, and the frames that follow from each command.

    command applied ─▶ capture ─┬─▶ accounts: rows of orders, fills, positions, money ─┐
                                └─▶ market: trades, what changed                       ├─▶ held back
    on disk ─▶ release ─▶ frames ─▶ readers  ◀─────────────────────────────────────────┘
    every 100 ms of venue time ─▶ cut ─▶ books, tickers, candles ─▶ frames ─▶ readers

A frame shows what was so right after its own command, and leaves when that command is on disk. What one
command changes in a private channel is one frame, so that a reversal is never seen half done. Public
channels show the market as it is at a cut; with a clock that stands still, after each command instead, so
that the same commands make the same frames.

A frame is encoded once, whatever the number of its readers. Nothing here knows a socket: a `Reader` takes
bytes, and one that falls behind is its connection's to cut off. Without readers a capture costs a look at
an empty dictionary.
"""
