"""Conditions that hold whatever is asked: breaking one is our defect, and ends the process."""


class InvariantBroken(Exception):
    """The engine contradicts itself. Nobody catches this: the venue stops and replays its journal."""


def invariant(condition: bool, statement: str) -> None:
    """Stop unless the condition holds; `statement` says what must be true. Always on."""
    if not condition:
        raise InvariantBroken(statement)
