"""Requests that anybody may make for the past: public trades, candles, settlements of funding."""

from typing import Final, Literal

import msgspec

from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import ID_MAX, Call, Form, read_choice, read_digits, read_query
from backhand.wire.requests.markets import public_contract
from backhand.wire.requests.queries import DAY_MS, LOOK_BACK_MS_MAX

PriceKind = Literal["last", "mark", "index"]

#: Names of intervals, exactly as they must be written: `1h` is none.
GRANULARITIES: Final = (
    *("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H"),
    *("6H", "6Hutc", "12H", "12Hutc", "1D", "1Dutc", "3D", "3Dutc", "1W", "1Wutc", "1M", "1Mutc"),
)
LINE_TYPES: Final[dict[str, PriceKind]] = {"": "last", "market": "last", "mark": "mark", "index": "index"}
CANDLES_USUAL: Final = 100
CANDLES_MAX: Final = 1_000
PAST_CANDLES_MAX: Final = 200
CANDLES_DAYS_MAX: Final = 90
#: Longer intervals may span a little more: ccxt asks for 13 weeks, and for 4 months of 30 days.
LONG_CANDLES_DAYS_MAX: Final = {"1W": 91, "1Wutc": 91, "1M": 124, "1Mutc": 124}

RECENT_TRADES_MAX: Final = 100
TRADES_USUAL: Final = 500
TRADES_MAX: Final = 1_000
TRADES_DAYS_MAX: Final = 7

FUNDING_ROWS_USUAL: Final = 20
FUNDING_ROWS_MAX: Final = 100
FUNDING_PAGES_MAX: Final = 100


class RecentTradesQuery(msgspec.Struct, frozen=True, gc=False):
    """A symbol's newest trades."""

    symbol: str
    limit: int


class TradesQuery(msgspec.Struct, frozen=True, gc=False):
    """A symbol's trades, newest first: None where nothing was sent. Times are inclusive."""

    symbol: str
    limit: int
    id_less_than: int | None
    start_ms: int | None
    end_ms: int | None


class CandlesQuery(msgspec.Struct, frozen=True, gc=False):
    """
    Candles of a symbol; `granularity` is one of GRANULARITIES.

    Times are as sent, None where nothing was; the candle that `start_ms` is in counts, and so does the one
    that `end_ms` is in, unless it begins there. `finished` leaves out the one that may still change.
    """

    symbol: str
    price_kind: PriceKind
    granularity: str
    limit: int
    start_ms: int | None
    end_ms: int | None
    finished: bool


class FundingHistoryQuery(msgspec.Struct, frozen=True, gc=False):
    """A page of a symbol's settlements of funding; the first page is 1."""

    symbol: str
    page_rows: int
    page: int


class RecentTradesForm(Form, frozen=True):
    """Query of market/fills."""

    product_type: str = ""
    symbol: str = ""
    limit: str = ""


class TradesForm(Form, frozen=True):
    """Query of market/fills-history."""

    product_type: str = ""
    symbol: str = ""
    limit: str = ""
    id_less_than: str = ""
    start_time: str = ""
    end_time: str = ""


class CandlesForm(Form, frozen=True):
    """Query of the candle endpoints; kLineType counts for market/candles only."""

    product_type: str = ""
    symbol: str = ""
    granularity: str = ""
    limit: str = ""
    start_time: str = ""
    end_time: str = ""
    k_line_type: str = ""


class FundingHistoryForm(Form, frozen=True):
    """Query of market/history-fund-rate."""

    product_type: str = ""
    symbol: str = ""
    page_size: str = ""
    page_no: str = ""


def parse_recent_trades(call: Call) -> RecentTradesQuery | Refusal:
    """
    Read a question for the newest trades.

    Refused as `parse_ticker`, then a limit that is no positive whole number 40020; above 100 counts as 100.
    Source: bitget-v2/get-recent-fills; market.md section 7.
    """
    form = read_query(RecentTradesForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    if isinstance(contract, Refusal):
        return contract
    limit = read_digits(form.limit) if form.limit else RECENT_TRADES_MAX
    if not limit:
        return codes.malformed("limit")
    return RecentTradesQuery(contract.symbol, min(limit, RECENT_TRADES_MAX))


def parse_trades(call: Call) -> TradesQuery | Refusal:
    """
    Read a question for past trades.

    Refused as `parse_ticker`; then a limit, id or time that is not a whole number 40020; start after end
    20001; a window above 7 days 00001; start more than three months ago 40704. A limit above 1000 counts as
    1000. Source: bitget-v2/get-fills-history; market.md section 7.
    """
    form = read_query(TradesForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    if isinstance(contract, Refusal):
        return contract
    limit = read_digits(form.limit) if form.limit else TRADES_USUAL
    if not limit:
        return codes.malformed("limit")
    id_less_than = read_digits(form.id_less_than)
    if form.id_less_than and id_less_than is None:
        return codes.malformed("idLessThan")
    window = _window(form.start_time, form.end_time, TRADES_DAYS_MAX)
    if isinstance(window, Refusal):
        return window
    start_ms, end_ms = window
    if start_ms is not None and start_ms < call.now_ms - LOOK_BACK_MS_MAX:
        return codes.WINDOW_TOO_OLD
    return TradesQuery(contract.symbol, min(limit, TRADES_MAX), id_less_than, start_ms, end_ms)


def parse_candles(call: Call) -> CandlesQuery | Refusal:
    """
    Read a question for candles up to now, the unfinished one included.

    Refused as `parse_ticker`; then granularity missing 40019, unknown 400171; kLineType 40020; a number
    that is none 40020; a limit outside of 1 to 1000 40053; start after end 20001; a window above 90 days
    00001. Source: bitget-v2/get-candle-data; market.md section 8.
    """
    return _parse_candles(call, CANDLES_MAX, None)


def parse_past_candles(call: Call) -> CandlesQuery | Refusal:
    """Read a question for finished candles: refused as `parse_candles`, with limits up to 200."""
    return _parse_candles(call, PAST_CANDLES_MAX, "last")


def parse_past_index_candles(call: Call) -> CandlesQuery | Refusal:
    """Read a question for finished candles of the index: refused as `parse_past_candles`."""
    return _parse_candles(call, PAST_CANDLES_MAX, "index")


def parse_past_mark_candles(call: Call) -> CandlesQuery | Refusal:
    """Read a question for finished candles of the mark price: refused as `parse_past_candles`."""
    return _parse_candles(call, PAST_CANDLES_MAX, "mark")


def _parse_candles(call: Call, limit_max: int, past_kind: PriceKind | None) -> CandlesQuery | Refusal:
    """Read a question for candles; `past_kind` None is the endpoint that has a kLineType."""
    form = read_query(CandlesForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    if isinstance(contract, Refusal):
        return contract
    if not form.granularity:
        return codes.empty_parameter("granularity")
    if form.granularity not in GRANULARITIES:
        return codes.GRANULARITY_UNKNOWN
    price_kind = past_kind or read_choice(form.k_line_type, LINE_TYPES)
    if price_kind is None:
        return codes.malformed("kLineType")
    limit = read_digits(form.limit) if form.limit else CANDLES_USUAL
    if limit is None:
        return codes.malformed("limit")
    if not 0 < limit <= limit_max:
        return codes.rows_out_of_range(limit_max)
    days_max = LONG_CANDLES_DAYS_MAX.get(form.granularity, CANDLES_DAYS_MAX)
    window = _window(form.start_time, form.end_time, days_max)
    if isinstance(window, Refusal):
        return window
    return CandlesQuery(
        contract.symbol, price_kind, form.granularity, limit, *window, finished=past_kind is not None
    )


def _window(start_text: str, end_text: str, days_max: int) -> tuple[int | None, int | None] | Refusal:
    """Read a time span: 40020 for what is no time, 20001 when turned round, 00001 when too wide."""
    times: list[int | None] = []
    for name, text in (("startTime", start_text), ("endTime", end_text)):
        number = read_digits(text)
        if text and number is None:
            return codes.malformed(name)
        times.append(None if number is None else min(number, ID_MAX))
    start_ms, end_ms = times
    if start_ms is not None and end_ms is not None:
        if start_ms > end_ms:
            return codes.TIMES_BACKWARDS
        if end_ms - start_ms > days_max * DAY_MS:
            return codes.span_too_wide(days_max)
    return start_ms, end_ms


def parse_funding_history(call: Call) -> FundingHistoryQuery | Refusal:
    """
    Read a question for past funding rates.

    Refused as `parse_ticker`; then a pageSize or pageNo that is not a whole number, or a pageSize of 0,
    40020; a pageNo outside of 1 to 100 40808. A pageSize above 100 counts as 100.
    Source: bitget-v2/get-history-funding-rate; market.md section 9.
    """
    form = read_query(FundingHistoryForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    if isinstance(contract, Refusal):
        return contract
    page_rows = read_digits(form.page_size) if form.page_size else FUNDING_ROWS_USUAL
    if not page_rows:
        return codes.malformed("pageSize")
    page = read_digits(form.page_no) if form.page_no else 1
    if page is None:
        return codes.malformed("pageNo")
    if not 0 < page <= FUNDING_PAGES_MAX:
        return codes.PAGE_TOO_FAR
    return FundingHistoryQuery(contract.symbol, min(page_rows, FUNDING_ROWS_MAX), page)
