"""
A process that measures on request: one JSON object in, one JSON object out, line by line.

Both halves are here, the asking (`Worker`) and the answering (`serve`), for those that run in our own
environment; `nautilus_flips` answers by itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

#: What one request asks for, and what it is answered: figures by name.
Request = Mapping[str, Any]
Answer = dict[str, Any]


class WorkerFailed(Exception):
    """A worker ended, or said that it measured the wrong thing."""


class Worker:
    """One such process, for as long as the context lasts."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._name = " ".join(command)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def ask(self, request: Request) -> Answer:
        """
        Have one round measured.

        Raises:
            WorkerFailed: the process ended instead; what it had to say is on standard error.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise WorkerFailed(self._name)
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerFailed(self._name) from error
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailed(f"{self._name} ended with status {self._process.wait()}")
        answer: Answer = json.loads(line)
        return answer


def serve(answer: Callable[[Request], Answer]) -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
