"""
Which codes an endpoint can answer with.

What a parser refuses is read from the parser itself: the constants and functions of `codes` that its code,
and that of the functions it calls, names. So a new check is documented by being written. What a command or
question can be refused for later is the caller's to say.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import CodeType, FunctionType
from typing import Final, get_args

import msgspec

from backhand.wire import codes
from backhand.wire.batches import ClientCommand
from backhand.wire.codes import Refusal
from backhand.wire.endpoints import Endpoint, Read

_COMMANDS: Final = get_args(ClientCommand)
#: What a parser can make of a request: each is judged, or answered, after it.
ASKED: Final[tuple[type, ...]] = (*_COMMANDS, *get_args(Read))
_CODE: Final = re.compile(r"\d{3,6}")

#: What every signed request can be refused for, in the order of the checks.
_SIGNED: Final = (
    codes.KEY_MISSING,
    codes.SIGNATURE_MISSING,
    codes.TIMESTAMP_INVALID,
    codes.PASSPHRASE_MISSING,
    codes.KEY_UNKNOWN,
    codes.TIMESTAMP_EXPIRED,
    codes.PASSPHRASE_WRONG,
    codes.SIGNATURE_WRONG,
    codes.READ_PERMISSION_MISSING,
)


def refusal_codes(endpoint: Endpoint, later: Mapping[type, tuple[str, ...]]) -> tuple[str, ...]:
    """
    List the codes of an endpoint's answers with HTTP status 400, in the order of the checks.

    Args:
        later: What each command or question can be refused for once it is read.
    """
    found: list[str] = []
    if endpoint.permission is not None:
        found += [refusal.code for refusal in _SIGNED]
    if endpoint.method == "POST":
        found.append(codes.CONTENT_TYPE.code)
    named, asked = _named(endpoint.parse)
    found += named
    for one in asked:
        found += later.get(one, ())
    if asked:
        found.append(codes.OUTCOME_UNKNOWN.code)
    return tuple(dict.fromkeys(found))


@cache
def _named(parse: Callable[..., object]) -> tuple[tuple[str, ...], tuple[type, ...]]:
    """Find the codes that a parser can refuse with, and what it can make of a request."""
    found: list[str] = []
    asked: list[type] = []
    seen: list[object] = []

    def visit(function: FunctionType) -> None:
        if function in seen:
            return
        seen.append(function)
        for default in function.__defaults__ or ():
            found.extend(_held(default))
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            if value is None or value is codes:
                value = getattr(codes, name, None)
            found.extend(_held(value))
            if value in ASKED:
                asked.append(value)
            elif isinstance(value, FunctionType) and value.__module__ == codes.__name__:
                found.extend(_literals(value.__code__))
                visit(value)
            elif isinstance(value, FunctionType) and value.__module__.startswith("backhand.wire."):
                visit(value)

    if isinstance(parse, FunctionType):
        visit(parse)
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(asked))


def _held(value: object) -> Iterator[str]:
    """List the codes of a refusal, or of the refusals in a struct of rules."""
    if isinstance(value, Refusal):
        yield value.code
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _held(getattr(value, name))


def _names(code: CodeType) -> Iterator[str]:
    """List what a function's code names, in order, comprehensions and inner functions too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _literals(code: CodeType) -> Iterator[str]:
    """List the codes that stand in a function as text."""
    for constant in code.co_consts:
        if isinstance(constant, str) and _CODE.fullmatch(constant):
            yield constant
