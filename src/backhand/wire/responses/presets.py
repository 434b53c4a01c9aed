"""Take-profits and stop-losses that orders bring along, as fields of their rows."""

from collections.abc import Mapping
from typing import Final

import msgspec

from backhand.commands import TriggerBy
from backhand.units import format_decimal

TRIGGER_TYPE_TEXTS: Final[Mapping[TriggerBy, str]] = {"last": "fill_price", "mark": "mark_price"}


class PresetView(msgspec.Struct, frozen=True, gc=False):
    """What a preset is printed from; a limit price of 0 executes at market."""

    trigger_price_e12: int
    limit_price_e12: int
    trigger_by: TriggerBy = "mark"


def preset_price_text(preset: PresetView | None) -> str:
    """Print what triggers a preset, "" without one."""
    return "" if preset is None else format_decimal(preset.trigger_price_e12, 12)


def preset_limit_text(preset: PresetView | None) -> str:
    """Print what price a preset executes at, "" at market."""
    if preset is None or not preset.limit_price_e12:
        return ""
    return format_decimal(preset.limit_price_e12, 12)


def preset_type_text(preset: PresetView | None) -> str:
    """Name the price that triggers a preset."""
    return "" if preset is None else TRIGGER_TYPE_TEXTS[preset.trigger_by]
