"""
A strategy that knows nothing and trades much: two candles long, two candles short.

Within six candles freqtrade enters, places its stop on the exchange, is told to leave, cancels the stop,
leaves, and enters on the other side: everything that it asks of an exchange. Runs in freqtrade's own
environment.
"""

from typing import Any

from freqtrade.strategy import IStrategy
from pandas import DataFrame

#: Candles that a side is held.
HELD_CANDLES = 2


class Turning(IStrategy):  # type: ignore[misc]  # freqtrade's types are unknown in this environment
    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = True
    startup_candle_count = 0
    stoploss = -0.2
    minimal_roi = {"0": 10}  # noqa: RUF012  # freqtrade reads it so
    order_types = {  # noqa: RUF012  # as above
        "entry": "market",
        "exit": "market",
        "emergency_exit": "market",
        "stoploss": "market",
        "stoploss_on_exchange": True,
        "stoploss_on_exchange_interval": 60,
    }

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Number the turns by the clock, so that a candle keeps its side however often it is looked at."""
        del metadata
        minute = dataframe["date"].dt.hour * 60 + dataframe["date"].dt.minute
        dataframe["is_long"] = (minute // HELD_CANDLES) % 2 == 0
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Be on the side of the turn."""
        del metadata
        dataframe.loc[dataframe["is_long"], "enter_long"] = 1
        dataframe.loc[~dataframe["is_long"], "enter_short"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Leave what is on the other side."""
        del metadata
        dataframe.loc[~dataframe["is_long"], "exit_long"] = 1
        dataframe.loc[dataframe["is_long"], "exit_short"] = 1
        return dataframe

    def leverage(self, *_: Any, **__: Any) -> float:
        """Five times, so that the setting is sent and not only confirmed."""
        return 5.0
