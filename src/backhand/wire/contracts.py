"""
Contracts from rows in Bitget's own field names: the built-in list, and a user's file.

A row has the fields of an answer of `market/contracts` plus `productType` and `tiers`. What a user's row
leaves out is taken from the built-in contract of that symbol, else from `built_in.USUAL_FIELDS`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from backhand.commands import Contract, ContractStatus, Tier
from backhand.units import E8, decimal_places, parse_decimal
from backhand.wire.built_in import BUILT_IN_FIELDS, BUILT_IN_TIERS, USUAL_FIELDS
from backhand.wire.fields import PRODUCT_TYPES, json_text
from backhand.wire.responses.markets import STATUS_TEXTS

#: (endUnit, leverage, keepMarginRate) as text.
TierText = tuple[str, str, str]

#: Bounds of a user's file, far above what the real venue lists.
ROWS_MAX: Final = 2_000
TIERS_MAX: Final = 100
NAME_MAX: Final = 32
#: Bound of whole numbers in a row (leverages, counts, hours, steps).
NUMBER_MAX: Final = 1_000_000
PRICE_PLACES_MAX: Final = 12
SIZE_PLACES_MAX: Final = 8
#: Bound of sizes, values and tier ends: what the 64-bit integers of a journal record hold.
AMOUNT_MAX_E8: Final = 9 * 10**10 * E8

_STATUSES: Final[dict[str, ContractStatus]] = {text: status for status, text in STATUS_TEXTS.items()}
#: Fields of Bitget's rows that say nothing about trading on this venue.
_UNUSED_FIELDS: Final = (
    "supportMarginCoins",
    "offTime",
    "limitOpenTime",
    "deliveryTime",
    "deliveryStartTime",
    "deliveryPeriod",
    "launchTime",
    "maintainTime",
    "openTime",
    "isRwa",
    "tiers",
)
_KNOWN_FIELDS: Final = {*USUAL_FIELDS, *BUILT_IN_FIELDS[0], "minTradeNum", *_UNUSED_FIELDS}

_FILE: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class _BadField(Exception):
    """A field of a row cannot be used; the text names it."""


def built_in_contracts() -> list[Contract]:
    """Give the contracts of DESIGN section 4."""
    return [
        _contract({**USUAL_FIELDS, **fields}, _built_in_tiers(fields["symbol"])) for fields in BUILT_IN_FIELDS
    ]


def _built_in_tiers(symbol: str) -> list[TierText]:
    tiers = [tier.split(":") for tier in BUILT_IN_TIERS[symbol].split()]
    return [(end, leverage, rate) for end, leverage, rate in tiers]


def contracts_from_json(raw: bytes) -> list[Contract] | str:
    """
    Read a user's file: a JSON list of rows, each adding a contract or changing a built-in one.

    Values may be text or numbers. A tier is {"endUnit", "leverage", "keepMarginRate"}. Gives one sentence
    about the first row and field that cannot be used.
    """
    try:
        rows = _FILE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"not a JSON list of objects: {error}"
    if len(rows) > ROWS_MAX:
        return f"{len(rows)} contracts, more than {ROWS_MAX}"
    contracts: dict[str, Contract] = {}
    for number, row in enumerate(rows, 1):
        contract = _contract_from_json(row)
        if isinstance(contract, str):
            return f"contract {number}: {contract}"
        if contract.symbol in contracts:
            return f"contract {number}: symbol: {contract.symbol} stands twice"
        contracts[contract.symbol] = contract
    return list(contracts.values())


def _contract_from_json(row: Mapping[str, msgspec.Raw]) -> Contract | str:
    try:
        sent = {name: json_text(value) for name, value in row.items()}
        symbol = sent.get("symbol", "").upper()
        tiers = _json_tiers(row["tiers"]) if "tiers" in row else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"cannot be read: {error}"
    unknown = [name for name in sent if name not in _KNOWN_FIELDS]
    if unknown:
        return f"{unknown[0]}: not a field of a contract"
    if symbol in BUILT_IN_TIERS:
        built_in = next(fields for fields in BUILT_IN_FIELDS if fields["symbol"] == symbol)
        sent = {**built_in, **sent}
        tiers = _built_in_tiers(symbol) if tiers is None else tiers
    return contract_from_wire(sent, tiers or [])


def _json_tiers(raw: msgspec.Raw) -> list[TierText]:
    return [
        (
            json_text(tier.get("endUnit")),
            json_text(tier.get("leverage")),
            json_text(tier.get("keepMarginRate")),
        )
        for tier in _FILE.decode(raw)
    ]


def contract_from_wire(row: Mapping[str, str], tiers: Sequence[TierText]) -> Contract | str:
    """
    Make a contract from text fields and tiers, lowest first; text says which field cannot be used.

    COIN-FUTURES are inverse and margined in the base coin, the others in the quote coin. A lot is
    sizeMultiplier, a tick priceEndStep x 10^-pricePlace. Source: contracts.md section 1.
    """
    try:
        return _contract({**USUAL_FIELDS, **row}, tiers)
    except _BadField as problem:
        return f"{row.get('symbol') or 'without symbol'}: {problem}"


def _contract(row: Mapping[str, str], tiers: Sequence[TierText]) -> Contract:
    symbol, base_coin, quote_coin = _name(row, "symbol"), _name(row, "baseCoin"), _name(row, "quoteCoin")
    product_type = row.get("productType", "").upper()
    _require(product_type in PRODUCT_TYPES, "productType", f"must be one of {', '.join(PRODUCT_TYPES)}")
    _require(row["symbolType"] == "perpetual", "symbolType", "must be perpetual")
    _require(row["symbolStatus"] in _STATUSES, "symbolStatus", f"must be one of {', '.join(_STATUSES)}")
    inverse = product_type == "COIN-FUTURES"
    price_places = _whole(row, "pricePlace", 0, PRICE_PLACES_MAX)
    size_places = _whole(row, "volumePlace", 0, SIZE_PLACES_MAX)
    price_end_step = _whole(row, "priceEndStep", 1, NUMBER_MAX)
    lot_e8 = _amount_e8(row, "sizeMultiplier")
    _require(
        decimal_places(row["sizeMultiplier"]) <= size_places,
        "sizeMultiplier",
        "has more decimals than volumePlace",
    )
    leverage_min = _whole(row, "minLever", 1, NUMBER_MAX)
    leverage_max = _whole(row, "maxLever", leverage_min, NUMBER_MAX)
    return Contract(
        symbol=symbol,
        product_type=product_type,
        base_coin=base_coin,
        quote_coin=quote_coin,
        margin_coin=base_coin if inverse else quote_coin,
        inverse=inverse,
        lot_e8=lot_e8,
        size_places=size_places,
        tick_e12=price_end_step * int(10 ** (PRICE_PLACES_MAX - price_places)),
        price_places=price_places,
        price_end_step=price_end_step,
        size_lots_min=_lots(row, "minTradeNum", lot_e8) if row.get("minTradeNum") else 1,
        limit_size_lots_max=_lots(row, "maxOrderQty", lot_e8),
        market_size_lots_max=_lots(row, "maxMarketOrderQty", lot_e8),
        value_min_e8=_amount_e8(row, "minTradeUSDT", smallest_e8=0),
        maker_fee_rate_e8=_rate_e8(row, "makerFeeRate", smallest_e8=-E8),
        taker_fee_rate_e8=_rate_e8(row, "takerFeeRate"),
        buy_band_rate_e8=_rate_e8(row, "buyLimitPriceRatio"),
        sell_band_rate_e8=_rate_e8(row, "sellLimitPriceRatio"),
        fee_up_rate_e8=_rate_e8(row, "feeRateUpRatio"),
        open_cost_up_rate_e8=_rate_e8(row, "openCostUpRatio"),
        leverage_min=leverage_min,
        leverage_max=leverage_max,
        position_limit_rate_e8=_rate_e8(row, "posLimit"),
        symbol_orders_max=_whole(row, "maxSymbolOrderNum", 1, NUMBER_MAX),
        product_orders_max=_whole(row, "maxProductOrderNum", 1, NUMBER_MAX),
        positions_max=_whole(row, "maxPositionNum", 1, NUMBER_MAX),
        funding_interval_hours=_whole(row, "fundInterval", 1, 24),
        tiers=_tiers(tiers, leverage_max),
        status=_STATUSES[row["symbolStatus"]],
    )


def _tiers(texts: Sequence[TierText], leverage_max: int) -> tuple[Tier, ...]:
    _require(0 < len(texts) <= TIERS_MAX, "tiers", f"must be 1 to {TIERS_MAX} tiers")
    tiers: list[Tier] = []
    for number, text in enumerate(texts, 1):
        fields = dict(zip(("endUnit", "leverage", "keepMarginRate"), text, strict=True))
        try:
            tier = Tier(
                _amount_e8(fields, "endUnit"),
                _whole(fields, "leverage", 1, NUMBER_MAX),
                _rate_e8(fields, "keepMarginRate"),
            )
        except _BadField as problem:
            raise _BadField(f"tiers[{number}].{problem}") from None
        if tiers:
            last = tiers[-1]
            _require(last.end_value_e8 < tier.end_value_e8, f"tiers[{number}].endUnit", "must grow")
            _require(last.leverage_max >= tier.leverage_max, f"tiers[{number}].leverage", "must not grow")
            _require(
                last.maintenance_rate_e8 <= tier.maintenance_rate_e8,
                f"tiers[{number}].keepMarginRate",
                "must not shrink",
            )
        tiers.append(tier)
    _require(tiers[0].leverage_max >= leverage_max, "maxLever", "is above the leverage of the first tier")
    return tuple(tiers)


def _require(condition: bool, field: str, problem: str) -> None:
    if not condition:
        raise _BadField(f"{field}: {problem}")


def _name(row: Mapping[str, str], field: str) -> str:
    name = row.get(field, "").upper()
    fits = name.isascii() and name.isalnum() and len(name) <= NAME_MAX
    _require(fits, field, f"must be 1 to {NAME_MAX} letters and digits")
    return name


def _whole(row: Mapping[str, str], field: str, smallest: int, largest: int) -> int:
    number = parse_decimal(row.get(field, ""), 0)
    if number is None or not smallest <= number <= largest:
        raise _BadField(f"{field}: must be a whole number from {smallest} to {largest}")
    return number


def _amount_e8(row: Mapping[str, str], field: str, smallest_e8: int = 1) -> int:
    amount_e8 = parse_decimal(row.get(field, ""), 8)
    if amount_e8 is None or not smallest_e8 <= amount_e8 <= AMOUNT_MAX_E8:
        sign = "positive" if smallest_e8 else "zero or positive"
        raise _BadField(f"{field}: must be a {sign} number up to 9e10 with at most 8 decimals")
    return amount_e8


def _rate_e8(row: Mapping[str, str], field: str, smallest_e8: int = 0) -> int:
    rate_e8 = parse_decimal(row.get(field, ""), 8)
    if rate_e8 is None or not smallest_e8 <= rate_e8 <= E8:
        raise _BadField(f"{field}: must be a ratio up to 1 with at most 8 decimals")
    return rate_e8


def _lots(row: Mapping[str, str], field: str, lot_e8: int) -> int:
    amount_e8 = _amount_e8(row, field)
    _require(amount_e8 % lot_e8 == 0, field, "must be a multiple of sizeMultiplier")
    return amount_e8 // lot_e8
