"""
Integer units and the only conversions between them and decimal text.

Every number inside the venue is an integer whose name ends in its unit:

    _e8        10^-8 of a coin: wallets, fees, profits, everything that is posted
    _e12       10^-12 of the quote currency: prices that are not on a tick (average, mark, index)
    _e16       10^-16 of a coin: margins and ratios, printed with up to 16 decimals
    _e20       10^-20 of a coin or quote currency: exact products of a size_e8 and a price_e12
    _e28       10^-28 of a coin: exact products of an _e20 value and a rate_e8
    _ticks     multiples of a contract's price step
    _lots      multiples of a contract's size step
    _ms        milliseconds, venue time

Divisions name their rounding. Nothing here does I/O.
"""

from typing import Final

E4: Final = 10**4
E8: Final = 10**8
E12: Final = 10**12
E16: Final = 10**16
E20: Final = 10**20
E28: Final = 10**28

#: Longest decimal text that is read. Longer input is refused before any arithmetic: no price, size or
#: amount of any contract needs more, and unbounded digits would be unbounded work.
DECIMAL_TEXT_MAX: Final = 64


def floor_div(numerator: int, denominator: int) -> int:
    """Divide and round towards minus infinity."""
    return numerator // denominator


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide and round towards plus infinity."""
    return -(-numerator // denominator)


def half_up_div(numerator: int, denominator: int) -> int:
    """Divide and round to nearest, halves away from zero. The denominator is positive."""
    if numerator >= 0:
        return (2 * numerator + denominator) // (2 * denominator)
    return -((-2 * numerator + denominator) // (2 * denominator))


def parse_decimal(text: str, places: int) -> int | None:
    """
    Read plain decimal text ("12", "-0.5", "3.") as an integer count of 10^-places.

    Returns None when the text is not a plain decimal, is longer than DECIMAL_TEXT_MAX, or has
    non-zero digits beyond `places`: nothing is ever rounded on the way in.
    """
    if not text or len(text) > DECIMAL_TEXT_MAX or not text.isascii():
        return None
    negative = text[0] == "-"
    body = text[1:] if negative or text[0] == "+" else text
    whole, _, fraction = body.partition(".")
    if not (whole or fraction) or not (whole + fraction).isdigit():
        return None
    fraction = fraction.rstrip("0")
    if len(fraction) > places:
        return None
    value = int(whole + fraction.ljust(places, "0") or "0")
    return -value if negative else value


def decimal_places(text: str) -> int:
    """Count the significant digits after the point of plain decimal text."""
    return len(text.partition(".")[2].rstrip("0"))


def format_decimal(value: int, places: int) -> str:
    """Print an integer count of 10^-places as plain decimal text without trailing zeros."""
    if places == 0 or value == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(places + 1, "0")
    fraction = digits[-places:].rstrip("0")
    whole = sign + digits[:-places]
    return whole + "." + fraction if fraction else whole


def format_fixed(value: int, places: int, shown: int) -> str:
    """Print an integer count of 10^-places with exactly `shown` decimals, cut towards zero."""
    magnitude = abs(value)
    if shown < places:
        magnitude //= 10 ** (places - shown)
    else:
        magnitude *= 10 ** (shown - places)
    sign = "-" if value < 0 and magnitude else ""
    digits = str(magnitude).rjust(shown + 1, "0")
    return sign + (digits[:-shown] + "." + digits[-shown:] if shown else digits)
