"""What is said of parameters is what parsers do with them."""

from typing import Any

import pytest

from backhand.wire.codes import Refusal
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.fields import Form
from backhand.wire.parameters import PARAMETERS, PARTICULAR, REQUIRED, parameter
from tests.wire.calls import get, post

FORMS: dict[str, type[Form]] = {endpoint.form.__name__: endpoint.form for endpoint in ENDPOINTS.values()}
ENTRIES = {one.entries.__name__: one.entries for one in PARAMETERS.values() if one.entries is not None}
#: What a missing parameter is refused with, in requests and in public reads.
MISSING = ("400172", "40019", "40924")
ALWAYS_REFUSED = ("40084", "31001", "40022")


def example(form: type[Form], name: str) -> Any:
    declared = parameter(form, name)
    if declared.entries is None:
        return declared.example
    return [{field: example(declared.entries, field) for field in REQUIRED[declared.entries.__name__]}]


def parsed(endpoint: Endpoint, names: tuple[str, ...]) -> Any:
    fields = {name: example(endpoint.form, name) for name in names}
    return endpoint.parse(get(**fields) if endpoint.method == "GET" else post(**fields))


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.path)
def test_what_is_required_is_missed(endpoint: Endpoint) -> None:
    """Without any one of its required parameters a request is refused as lacking something."""
    required = REQUIRED[endpoint.form.__name__]
    whole = parsed(endpoint, endpoint.form.__struct_encode_fields__)
    if isinstance(whole, Refusal) and whole.code in ALWAYS_REFUSED:
        return
    for absent in required:
        outcome = parsed(endpoint, tuple(name for name in required if name != absent))
        assert isinstance(outcome, Refusal), absent
        assert outcome.code in MISSING, absent


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.path)
def test_what_is_required_is_enough_to_be_read(endpoint: Endpoint) -> None:
    """With its required parameters a request lacks nothing, or one of several that it needs."""
    outcome = parsed(endpoint, REQUIRED[endpoint.form.__name__])
    if isinstance(outcome, Refusal) and outcome.code not in ALWAYS_REFUSED:
        assert outcome.code in {*MISSING, "40913"}


@pytest.mark.parametrize("name", [*FORMS, *ENTRIES])
def test_every_parameter_is_explained(name: str) -> None:
    """Each has a sentence, and what is required is among them."""
    form = {**FORMS, **ENTRIES}[name]
    names = form.__struct_encode_fields__
    assert all(parameter(form, field).text.endswith(".") for field in names)
    assert set(REQUIRED[name]) <= set(names)


def test_nothing_is_explained_that_is_not_there() -> None:
    """Tables of parameters hold what some request takes, and nothing else."""
    taken = {
        (name, field) for name, form in (FORMS | ENTRIES).items() for field in form.__struct_encode_fields__
    }
    assert set() == set(PARAMETERS) - {field for _, field in taken}
    assert set() == set(PARTICULAR) - taken
    assert set() == set(REQUIRED) - set(FORMS) - set(ENTRIES)
