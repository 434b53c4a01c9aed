"""The page of all messages is what the source says."""

import re
from typing import get_type_hints

import pytest

from backhand import commands, events
from backhand.commands import Command
from backhand.engine.precedence import PRECEDENCE
from backhand.events import CancelReason, Event, RejectReason
from tests.messages import PAGE, aliases, declared, meanings, page

TEXT = PAGE.read_text(encoding="utf-8")


def section(name: str) -> str:
    """Cut the part of one message out of the page."""
    return re.split(r"^##", TEXT.partition(f"\n### {name}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_the_page_is_what_would_be_written() -> None:
    """A changed message comes with its page; `make docs` writes it."""
    assert page() == TEXT


@pytest.mark.parametrize("message", [*Command.__args__, *Event.__args__], ids=lambda one: one.__name__)
def test_every_message_is_explained(message: type) -> None:
    """A message has a sentence and all of its fields."""
    text = section(message.__name__)
    assert text.strip()
    assert [name for name in get_type_hints(message) if f"\n| `{name}` |" not in text] == []


@pytest.mark.parametrize("command", Command.__args__, ids=lambda one: one.__name__)
def test_every_command_tells_its_refusals_in_order(command: type) -> None:
    """The page gives each command's reasons in the order of its table."""
    told = re.findall(r"^\d+\. `(\w+)`", section(command.__name__), re.MULTILINE)
    assert [reason.value for reason in PRECEDENCE[command]] == told


@pytest.mark.parametrize("reason", [*RejectReason, *CancelReason], ids=lambda one: one.name)
def test_every_reason_is_explained(reason: RejectReason | CancelReason) -> None:
    """A reason has a sentence in the source, and its row with what the wire says."""
    assert meanings(type(reason))[reason.name].endswith(".")
    assert re.search(rf"^\| `{reason.value}` \| [^|]+ \| [^|]+ \|", TEXT, re.MULTILINE)


def test_every_type_of_a_field_is_explained() -> None:
    """What a field's type is called is a choice or a value of the page, or everybody's."""
    known = aliases(commands) | aliases(events) | declared(commands) | declared(events)
    places = ("\n### {}\n", "\n| `{}` |", "\nType `{}`")
    on_the_page = {name for name in known if any(place.format(name) in TEXT for place in places)}
    told = {"int", "str", "bool", "bytes", "None", "tuple", "Literal", *on_the_page}
    structs = [*declared(commands).values(), *declared(events).values()]
    texts = [re.sub(r"'[^']*'", "", field.type_text) for one in structs for field in one.fields]
    names = {name for text in texts for name in re.findall(r"[A-Za-z]\w*", text)}
    assert names - told == set()


def test_messages_are_closed_sets() -> None:
    """Whatever the modules declare as a message is a command or an event, and the other way round."""
    for module, members in ((commands, Command.__args__), (events, Event.__args__)):
        bases = {
            name
            for name, one in vars(module).items()
            if isinstance(one, type) and issubclass(one, module.Message)
        }
        assert {member.__name__ for member in members} == bases - {"Message"}
