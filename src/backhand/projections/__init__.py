"""
Read models as pure folds of events: what happened, in the shape in which it is asked for.

    Applied ─┬─▶ orders.OrdersFold             rows of orders and fills     ─▶ history
             ├─▶ positions.ClosedPositionsFold rows of positions that ended ─▶ history
             └─▶ tickers.TickersFold           figures of each symbol, in memory

A fold does no I/O, reads no clock, and gives the same rows however the commands are cut into pieces.
"""
