"""Which contract is meant: the three names that every request about a symbol carries."""

from typing import Literal

import msgspec

ProductType = Literal["USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES"]


class Instrument(msgspec.Struct, frozen=True):
    """
    A contract's symbol, product type and margin coin.

    Wherever a call takes one, its symbol is enough while its ending tells the rest: BTCUSDT, BTCPERP, BTCUSD.
    """

    symbol: str
    product_type: ProductType
    margin_coin: str


def instrument_of(given: Instrument | str) -> Instrument:
    """
    Name a contract in full.

    Raises:
        ValueError: The symbol's ending does not tell its product type.
    """
    if isinstance(given, Instrument):
        return given
    symbol = given.upper()
    if symbol.endswith("USDT"):
        return Instrument(symbol, "USDT-FUTURES", "USDT")
    if symbol.endswith("PERP"):
        return Instrument(symbol, "USDC-FUTURES", "USDC")
    base_coin = symbol.removesuffix("USD")
    if base_coin not in ("", symbol):
        return Instrument(symbol, "COIN-FUTURES", base_coin)
    raise ValueError(
        f"{given!r} does not tell its product type, as ETHUSDT, ETHUSD and ETHPERP do: pass an Instrument"
    )
