import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from backhand.cli.app import log_to_standard_error


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    handlers = logging.root.handlers[:]
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


@pytest.mark.parametrize("terminal", [False, True])
def test_a_logged_exception_shows_no_variables(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """Where it happened is logged, but not the values there: among them may be a secret."""
    output = io.StringIO()
    monkeypatch.setattr(output, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", output)
    log_to_standard_error()
    fail("the " + "secret")
    text = output.getvalue()
    assert "test_logging.py" in text
    assert "ZeroDivisionError" in text
    assert "the secret" not in text
    if not terminal:
        assert "failed" == json.loads(text)["event"]


def fail(secret: str) -> None:
    try:
        1 / len(secret[:0])
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
