"""
`python -m tests.coverage` writes `docs/coverage.md`: endpoint by endpoint what of Bitget's pages is there.

What the pages say is in `documented.txt`; what is there is read from the declarations of the endpoints, as
the OpenAPI document is. `test_coverage` sees to it that the page is what would be written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from backhand.serving.documents import later_refusals
from backhand.wire.channels.accounts import AccountPush, ClosedPositionPush, EquityPush, PositionPush
from backhand.wire.channels.books import BookRow
from backhand.wire.channels.market import TickerPush, TradePush
from backhand.wire.channels.orders import DeleveragePush, FillPush, OrderPush, TriggerPush
from backhand.wire.channels.topics import CANDLE_PREFIX, SHALLOW_BOOKS
from backhand.wire.channels.trading import TRADE_ENDPOINTS
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.refusals import refusal_codes

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "coverage.md"
DOCUMENTED: Final = Path(__file__).parent / "documented.txt"
#: What longer runs of whole clients did, to be brought up to date by hand.
CLIENTS: Final = Path(__file__).parent / "conformance" / "figures.md"
PREFIX: Final = "/api/v2"

SOCKET: Final = "WS"
#: What a row of a channel is; a candle is a list of texts. All candles stand under one name.
CHANNELS: Final[dict[str, Any]] = {
    "ticker": TickerPush,
    CANDLE_PREFIX: list[str],
    "books": BookRow,
    **dict.fromkeys(SHALLOW_BOOKS, BookRow),
    "trade": TradePush,
    "account": AccountPush,
    "equity": EquityPush,
    "positions": PositionPush,
    "positions-history": ClosedPositionPush,
    "orders": OrderPush,
    "fill": FillPush,
    "orders-algo": TriggerPush,
    "adl-noti": DeleveragePush,
}

INTRODUCTION: Final = """\
# Coverage

What Bitget's pages document of the futures API, endpoint by endpoint, and what of it is here. `make docs`
writes this page from the declarations of the endpoints; a test fails when it is out of date. What requests
take and answers hold in full is on a running venue, under `/docs` and `/openapi.json`.

**Missing** names what a page has and this venue does not: a parameter is then ignored, a field not sent.
**Refused** endpoints exist and always answer with their code, because what they are about is not here.
**Ours** is what this venue takes or sends besides, for its own features or for clients that do so; a row that
several endpoints share is listed with each in full.
Codes are those of HTTP status 400 beyond the ones of every signed request: 40006, 40002, 40005, 40011, 40037,
40008, 40012, 40009, 40014.
"""


CHANNELS_INTRODUCTION: Final = f"""\

## WebSocket

At `/v2/ws/public` and `/v2/ws/private`: channels to subscribe to (`candle` stands for all its intervals), and
`op` `trade`, which takes {" and ".join(f"`{name}`" for name in TRADE_ENDPOINTS)} as those endpoints do.

| Channel | Named by | Missing fields | Ours |
|---|---|---|---|"""


class Documented(NamedTuple):
    """An endpoint on Bitget's pages, or a channel."""

    method: str
    path: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]


def documented() -> list[Documented]:
    """Read what the pages say of endpoints and channels."""
    found = []
    for line in DOCUMENTED.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            route, parameters, fields = line.split("|")
            method, name = route.split()
            path = name if method == SOCKET else PREFIX + name
            found.append(Documented(method, path, tuple(parameters.split()), tuple(fields.split())))
    return found


def fields_of(row: Any) -> list[str]:
    """Name every field of an answer or a row, of the rows and lists in it too."""
    (answer,), components = msgspec.json.schema_components([row])

    def visit(schema: Any) -> Iterator[str]:
        if isinstance(schema, list):
            for one in schema:
                yield from visit(one)
        elif isinstance(schema, dict):
            if "$ref" in schema:
                yield from visit(components[schema["$ref"].rpartition("/")[2]])
            yield from schema.get("properties", {})
            yield from visit(list(schema.get("properties", {}).values()))
            for name in ("items", "anyOf", "prefixItems"):
                yield from visit(schema.get(name))

    return list(dict.fromkeys(visit(answer)))


def state(endpoint: Endpoint | None) -> str:
    """Say in a word whether an endpoint is here."""
    if endpoint is None:
        return "missing"
    return "refused" if endpoint.answer is type(None) else "yes"


def page() -> str:
    """Write the page."""
    pages = [one for one in documented() if one.method != SOCKET]
    here: dict[tuple[str, str], Endpoint] = {(method, path): one for (method, path), one in ENDPOINTS.items()}
    endpoints = {(one.method, one.path): here.get((one.method, one.path)) for one in pages}
    states = [state(endpoint) for endpoint in endpoints.values()]
    counts = [states.count(word) for word in ("yes", "refused", "missing")]
    lines = [
        INTRODUCTION,
        "Of {} documented endpoints {} answer, {} are refused and {} are missing.".format(
            len(pages), *counts
        ),
        "",
        "| Endpoint | Here | Missing parameters | Missing fields | Ours | Codes |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row(one, endpoints[one.method, one.path]) for one in pages]
    lines += ["", "## Beyond the pages", "", "| Endpoint | Here | Takes | Codes |", "|---|---|---|---|"]
    for key, endpoint in ENDPOINTS.items():
        if key not in endpoints:
            takes = words(endpoint.form.__struct_encode_fields__)
            lines.append(f"| `{' '.join(key)}` | {state(endpoint)} | {takes} | {codes_of(endpoint)} |")
    lines += [CHANNELS_INTRODUCTION, *map(channel_row, (one for one in documented() if one.method == SOCKET))]
    return "\n".join([*lines, "", CLIENTS.read_text(encoding="utf-8")])


def row(one: Documented, endpoint: Endpoint | None) -> str:
    """Write the row of a documented endpoint."""
    name = f"`{one.method} {one.path.removeprefix(PREFIX)}`"
    if endpoint is None:
        return f"| {name} | missing | | | | |"
    taken = endpoint.form.__struct_encode_fields__
    sent = fields_of(endpoint.answer)
    absent = words(field for field in one.fields if field not in sent) if state(endpoint) == "yes" else ""
    ours = [name for name in taken if name not in one.parameters]
    if one.fields:
        ours += [name for name in sent if name not in one.fields]
    missing = words(name for name in one.parameters if name not in taken)
    cells = (name, state(endpoint), missing, absent, words(dict.fromkeys(ours)), codes_of(endpoint))
    return f"| {' | '.join(cells)} |"


def channel_row(one: Documented) -> str:
    """Write the row of a channel."""
    sent = fields_of(CHANNELS[one.path])
    absent = words(field for field in one.fields if field not in sent)
    ours = words(field for field in sent if field not in one.fields)
    return f"| `{one.path}` | {words(one.parameters)} | {absent} | {ours} |"


def words(names: Any) -> str:
    """Write names as a cell."""
    return " ".join(f"`{name}`" for name in names)


def codes_of(endpoint: Endpoint) -> str:
    """Write the codes of an endpoint that not every signed request has."""
    common = refusal_codes(msgspec.structs.replace(endpoint, parse=len, method="GET"), {})
    found = refusal_codes(endpoint, later_refusals())
    return " ".join(code for code in found if code not in common)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
