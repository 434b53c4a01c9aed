"""Take-profits and stop-losses that orders bring along, as fields of their rows."""

import msgspec

from backhand.units import format_decimal


class PresetView(msgspec.Struct, frozen=True, gc=False):
    """What a preset is printed from; a limit price of 0 executes at market."""

    trigger_price_e12: int
    limit_price_e12: int


def preset_price_text(preset: PresetView | None) -> str:
    """Print what triggers a preset, "" without one."""
    return "" if preset is None else format_decimal(preset.trigger_price_e12, 12)


def preset_limit_text(preset: PresetView | None) -> str:
    """Print what price a preset executes at, "" at market."""
    if preset is None or not preset.limit_price_e12:
        return ""
    return format_decimal(preset.limit_price_e12, 12)


def preset_type_text(preset: PresetView | None) -> str:
    """Name what triggers a preset: the mark price."""
    return "" if preset is None else "mark_price"
