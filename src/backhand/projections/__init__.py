"""
Read models as pure folds of events: what happened, in the shape in which it is asked for.

    Applied ─┬─▶ orders.OrdersFold             rows of orders and fills     ─▶ history, bills.BillsFold
             ├─▶ bills.BillsFold               rows of postings             ─▶ history
             ├─▶ triggers.TriggersFold         rows of orders that wait     ─▶ history
             ├─▶ positions.ClosedPositionsFold rows of positions that ended ─▶ history
             ├─▶ funding.funding_rows          rows of settlements          ─▶ history
             ├─▶ trades.TradesFold             rows of public trades        ─▶ history
             ├─▶ kept_candles.KeptCandlesFold  candles of every interval    ─▶ history
             ├─▶ candles.CandlesFold           one-minute candles of last, mark and index price
             └─▶ tickers.TickersFold, candles.CandleSeries, trades.RecentTrades    the newest, in memory

A fold does no I/O, reads no clock, and gives the same rows however the commands are cut into pieces.
"""
