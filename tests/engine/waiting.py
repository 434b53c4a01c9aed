"""
The verbs and views of trading logs about orders that wait, and about changing and closing what there is.

    wait alice tp long 3 at 105 @104 last #t1   an order that waits: kind, side or leg, size (none: all of it)
    wait alice follow buy 3 at 95 back=1        a trailing one with its callback in per cent
    alter alice #t1 sl=90last keep=tp           one preset, by the last price; the other stays
    alter alice #t1 at=106 size=2 limit=0       other terms; an order without a name is named by its kind
    drop alice #t1 ; dropall alice tp sl        cancel one, or all of some kinds
    modify alice #a1 5 @101 #a2 ; modify alice #a1 tp=105@104 sl=none
    cancelall alice ; close alice long ; close alice everywhere
    waits alice                                 what waits, oldest first

Orders and entries bring presets along with tp= and sl=, and stp= is their self-trade prevention.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from backhand.commands import (
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Command,
    ModifyOrder,
    ModifyTrigger,
    PlaceTrigger,
    Preset,
    TriggerBy,
    TriggerKind,
)
from backhand.engine.state import Trigger
from backhand.events import (
    Event,
    Fill,
    OrderCancelled,
    PositionKept,
    TriggerCancelled,
    TriggerChanged,
    TriggerFired,
    TriggerPlaced,
)
from backhand.units import E8, format_decimal

if TYPE_CHECKING:
    from tests.engine.worlds import World

#: What logs call the kinds.
KINDS: Final[dict[str, TriggerKind]] = {
    "entry": "entry",
    "follow": "trailing_entry",
    "tp": "take_profit",
    "sl": "stop_loss",
    "trail": "trailing_stop",
    "all-tp": "position_take_profit",
    "all-sl": "position_stop_loss",
}
NAMES: Final = {kind: name for name, kind in KINDS.items()}
SIDES: Final[dict[str, Any]] = {"buy": 1, "long": 1, "sell": -1, "short": -1}


def preset(world: "World", text: str) -> Preset | None:
    """Read "105" or "105@104", by the last price with "last" behind it; "none" is no preset."""
    if text == "none":
        return None
    price, _, limit = text.removesuffix("last").partition("@")
    by: TriggerBy = "last" if text.endswith("last") else "mark"
    return Preset(world.ticks(price), world.ticks(limit) if limit else None, by)


def extras(world: "World", word: str) -> dict[str, Any]:
    """Read what an order may bring along: presets and self-trade prevention."""
    name, _, value = word.partition("=")
    if name == "stp":
        return {"stp_mode": value}
    return {{"tp": "take_profit", "sl": "stop_loss"}[name]: preset(world, value)}


def _callback_e8(percent: str) -> int:
    return round(float(percent) * E8) // 100


def _wait(world: "World", words: list[str]) -> list[Command]:
    uid, kind, side, *rest = words
    fields: dict[str, Any] = {}
    for before, word in zip([side, *rest], rest, strict=False):
        if word == "at":
            continue
        if before == "at":
            fields["trigger_price_ticks"] = world.ticks(word)
        elif word in {"last", "mark"}:
            fields["trigger_by"] = word
        elif word[0] == "@":
            fields["limit_price_ticks"] = world.ticks(word[1:])
        elif word[0] == "#":
            fields["client_oid"] = word[1:]
        elif word in {"open", "close", "invalid"}:
            fields["effect"] = word
        elif word in {"crossed", "isolated"}:
            fields["margin_mode"] = word
        elif word == "reduce":
            fields["reduce_only"] = True
        elif word.startswith("back="):
            fields["callback_rate_e8"] = _callback_e8(word[5:])
        elif "=" in word:
            fields |= extras(world, word)
        else:
            fields["size_lots"] = world.lots(word)
    return [PlaceTrigger(uid, world.contract.symbol, KINDS[kind], SIDES[side], **fields)]


def _name(world: "World", uid: str, word: str) -> dict[str, Any]:
    """How a command names a waiting order: by client order id, or the first of a kind by its id."""
    if word[0] == "#":
        return {"client_oid": word[1:]}
    waiting = world.holding(uid).triggers.values()
    return {"order_id": next(trigger.order_id for trigger in waiting if trigger.kind == KINDS[word])}


def _alter(world: "World", words: list[str]) -> list[Command]:
    uid, name, *rest = words
    fields = _name(world, uid, name)
    account = world.state.accounts[uid]
    found = account.waiting_client_oids.get(fields.get("client_oid", ""))
    found = found or account.triggers.get(fields.get("order_id", 0))
    fields["protecting"] = found is not None and found.kind not in {"entry", "trailing_entry"}
    for word in rest:
        key, _, value = word.partition("=")
        if key == "at":
            fields["trigger_price_ticks"] = world.ticks(value)
        elif key == "by":
            fields["trigger_by"] = value
        elif key == "size":
            fields["size_lots"] = world.lots(value)
        elif key == "limit":
            fields["limit_price_ticks"] = world.ticks(value)
        elif key == "back":
            fields["callback_rate_e8"] = _callback_e8(value)
        elif key == "keep":
            fields["kept_preset"] = KINDS[value]
        else:
            fields |= {"presets_sent": True} | extras(world, word)
    return [ModifyTrigger(uid, world.contract.symbol, **fields)]


def _modify(world: "World", words: list[str]) -> list[Command]:
    uid, name, *rest = words
    fields: dict[str, Any] = {"client_oid": name[1:]}
    for word in rest:
        if word[0] == "@":
            fields["price_ticks"] = world.ticks(word[1:])
        elif word[0] == "#":
            fields["new_client_oid"] = word[1:]
        elif "=" in word:
            fields |= {"presets_sent": True} | extras(world, word)
        else:
            fields["size_lots"] = world.lots(word)
    return [ModifyOrder(uid, world.contract.symbol, **fields)]


def _scope(world: "World", words: list[str]) -> tuple[str, str | None]:
    return world.contract.product_type, None if "everywhere" in words else world.contract.symbol


def _close(world: "World", words: list[str]) -> list[Command]:
    side = next((SIDES[word] for word in words[1:] if word in SIDES), None)
    return [ClosePositions(words[0], *_scope(world, words), side)]


WAITING_STEPS: Final[dict[str, "Callable[[World, list[str]], list[Command]]"]] = {
    "wait": _wait,
    "alter": _alter,
    "drop": lambda world, words: [
        CancelTrigger(words[0], world.contract.symbol, **_name(world, words[0], words[1]))
    ],
    "dropall": lambda world, words: [
        CancelTriggers(
            words[0],
            world.contract.product_type,
            tuple(KINDS[word] for word in words[1:] if word in KINDS),
            _scope(world, words)[1],
        )
    ],
    "modify": _modify,
    "cancelall": lambda world, words: [CancelOrders(words[0], *_scope(world, words))],
    "close": _close,
}


def waits(world: "World", uid: str) -> str:
    """What waits, with the price it waits for."""
    return ", ".join(_described(world, each) for each in world.holding(uid).triggers.values()) or "none"


def _described(world: "World", trigger: Trigger) -> str:
    parts = [f"{world.label(trigger.order_id)}{NAMES[trigger.kind]}"]
    if trigger.kind in {"entry", "trailing_entry"}:
        parts.append("buy" if trigger.side > 0 else "sell")
    parts.append(str(trigger.size_lots or "all"))
    if trigger.best_price_e12:
        parts.append(f"best {format_decimal(trigger.best_price_e12, 12)}")
    else:
        parts.append(f"{'>=' if trigger.rises else '<='} {trigger.trigger_price_ticks}")
    if trigger.limit_price_ticks:
        parts.append(f"@ {trigger.limit_price_ticks}")
    if trigger.by_last:
        parts.append("last")
    for name, each in (("tp", trigger.take_profit), ("sl", trigger.stop_loss)):
        if each is not None:
            parts.append(f"{name}={each.trigger_price_ticks}")
    return " ".join(parts)


def placed_by_triggers(events: list[Event]) -> list[int]:
    """The orders that waiting ones have placed."""
    return [event.placed_order_id for event in events if isinstance(event, TriggerFired)]


def told_of_waiting(world: "World", events: list[Event], text: Any) -> list[str]:
    """What happened to waiting orders, in the order in which it did; `text` writes fills."""
    parts = []
    for event in events:
        if isinstance(event, PositionKept):
            parts.append(f"kept {'long' if event.side > 0 else 'short'} {event.reason.value}")
        elif isinstance(event, TriggerPlaced) and event.parent_order_id:
            parts.append(f"{NAMES[event.kind]} {event.size_lots} waits")
        elif isinstance(event, TriggerCancelled):
            parts.append(f"{_called(world, event.order_id)} ended {event.reason.value}")
        elif isinstance(event, TriggerChanged):
            parts.append(f"{_called(world, event.order_id)} now {event.size_lots or 'all'}")
        elif isinstance(event, TriggerFired):
            parts.append(f"{_called(world, event.order_id)} {_fired(events, event, text)}")
    return parts


def _called(world: "World", order_id: int) -> str:
    placed = [
        event
        for events in world.venue.events
        for event in events
        if isinstance(event, TriggerPlaced) and event.order_id == order_id
    ]
    return f"{world.label(order_id)}{NAMES[placed[0].kind]}"


def _fired(events: list[Event], fired: TriggerFired, text: Any) -> str:
    if fired.reason is not None:
        return f"failed {fired.reason.value}"
    order_id = fired.placed_order_id
    fills = [each for each in events if isinstance(each, Fill) and each.order_id == order_id]
    left = [each for each in events if isinstance(each, OrderCancelled) and each.order_id == order_id]
    parts = ["fired"]
    if fills:
        parts.append(text([fill for fill in fills if fill.is_taker]))
    parts += [f"less {each.open_lots} {each.reason.value}" for each in left]
    return " ".join(parts)
