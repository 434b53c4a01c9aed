"""How SQLite answers a question: what EXPLAIN QUERY PLAN says of every statement that it takes."""

import sqlite3
from collections.abc import Callable

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """The steps of all statements, each with the step that it is part of."""

    parents_and_steps: list[tuple[int, str]]

    @property
    def steps(self) -> list[str]:
        """What is done, in order."""
        return [step for _, step in self.parents_and_steps]

    @property
    def walks(self) -> list[str]:
        """
        Steps that go through a whole table.

        Contracts are few, the indexes of what is open hold nothing else, and what else may be scanned is
        a page itself, already cut to its limit, or a list that came with the question.
        """
        return [
            step
            for step in self.steps
            if step.startswith("SCAN")
            and not any(name in step for name in ("_open", "subquery", "contracts", "json_each"))
        ]

    @property
    def sorted_at(self) -> set[int]:
        """Where something is sorted."""
        return {parent for parent, step in self.parents_and_steps if "TEMP B-TREE" in step}

    def found_at(self, index: str) -> set[int]:
        """Where an index is searched."""
        return {parent for parent, step in self.parents_and_steps if index in step}


def plan_of(connection: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> Plan:
    """Ask, and explain each statement that was run."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        ask(connection)
    finally:
        connection.set_trace_callback(None)
    return Plan(
        [
            (parent, step)
            for statement in dict.fromkeys(statements)
            for _, parent, _, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        ]
    )
