"""
The OpenAPI 3.1 document of the exchange's API, made from the declarations of the endpoints.

    Endpoint ─▶ path, method, quota, permission
    Form, `parameters` ─▶ what a request takes        answer struct ─▶ what a success holds
    parser, `refusals` ─▶ which codes, in which order of checks

Nothing is described here that is not declared there, so the document cannot say something else than the
venue does; what HTTP adds (sizes, time-outs, overload) is the same for every endpoint and stands here.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from backhand.wire import codes
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.fields import Form
from backhand.wire.parameters import REQUIRED, parameter
from backhand.wire.refusals import refusal_codes

Json = dict[str, Any]

_ABOUT: Final = (
    "Every answer is an envelope of `code`, `msg`, `requestTime` and `data`. A refusal has a code other than "
    "00000 and no data; of several faults the first in the order of the checks is answered. Numbers are "
    "text, times are milliseconds. Requests take numbers as text or as JSON numbers, words in letters of any "
    'case; missing, null and "" are the same. Unknown fields are ignored.'
)

_SECURITY: Final[Mapping[str, str]] = {
    "ACCESS-KEY": "API key.",
    "ACCESS-SIGN": (
        "Base64 of HMAC-SHA256, with the key's secret, of: ACCESS-TIMESTAMP, the method in capitals, the "
        "path, `?` and the query string if there is one, and the body, as they are sent."
    ),
    "ACCESS-TIMESTAMP": "Milliseconds since 1970, at most 30 seconds from the venue's.",
    "ACCESS-PASSPHRASE": "Passphrase that the key was made with.",
}

#: Answers that HTTP adds, by status: code, and when.
_OF_HTTP: Final[Mapping[str, tuple[str, str]]] = {
    "408": (codes.WRONG_FORMAT.code, "The body did not arrive in time; nothing was done."),
    "413": (codes.BODY_TOO_LARGE.code, "The body is larger than a megabyte; nothing was done."),
    "429": (codes.TOO_MANY_REQUESTS.code, "Too many requests in this second; nothing was done."),
    "503": (codes.NOT_READY.code, "The venue takes nothing new now; nothing was done."),
}
_TAGS: Final[Mapping[str, str]] = {
    "/api/v2/mix/order/": "orders",
    "/api/v2/mix/position/": "positions",
    "/api/v2/mix/account/": "account",
    "/api/v2/mix/market/": "market",
    "/api/v2/copy/": "copy trading",
    "/api/backhand/": "of this venue alone",
}
_OTHER_TAG: Final = "start-up of clients"
_SUMMARIES: Final[Mapping[str, str]] = {
    "/api/v2/mix/order/click-backhand": "Reverse a position in one step",
    "/api/backhand/v1/reversal/quote": "Quote a reversal: what it would do now",
    "/api/backhand/v1/reversal/receipt": "Receipt of a reversal: what it did",
    "/api/backhand/v1/explain": "Explain a refusal: the figures that a request was judged by",
}
_WORD: Final = re.compile(r"-|(?<=[a-z])(?=[A-Z])")


def document(version: str, later: Mapping[type, tuple[str, ...]]) -> Json:
    """
    Make the document.

    Args:
        version: The venue's own.
        later: What each command or question can be refused for once it is read.
    """
    endpoints = sorted(ENDPOINTS.values(), key=lambda one: (_tag(one.path), one.path, one.method))
    answers, components = msgspec.json.schema_components(
        [endpoint.answer for endpoint in endpoints], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Json] = {}
    for endpoint, answer in zip(endpoints, answers, strict=True):
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, _even(answer), later
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Backhand",
            "version": version,
            "summary": "A perpetual-futures venue that speaks Bitget's v2 API",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name} for name in dict.fromkeys(_tag(one.path) for one in endpoints)],
        "paths": paths,
        "components": {
            "schemas": {name: _closed(schema) for name, schema in sorted(components.items())},
            "headers": _headers(),
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": name, "description": text}
                for name, text in _SECURITY.items()
            },
        },
    }


def _operation(endpoint: Endpoint, answer: Json, later: Mapping[type, tuple[str, ...]]) -> Json:
    tail = endpoint.path.rpartition("/")[2]
    refusals = refusal_codes(endpoint, later)
    operation: Json = {
        "operationId": _operation_id(endpoint),
        "tags": [_tag(endpoint.path)],
        "summary": _SUMMARIES.get(endpoint.path) or _WORD.sub(" ", tail).capitalize(),
        "description": _description(endpoint),
        "x-permission": endpoint.permission,
        "x-rate-limit": {
            "perSecond": endpoint.per_second,
            "traderPerSecond": endpoint.trader_per_second,
            "per": "account" if endpoint.permission else "address",
        },
        "responses": _responses(endpoint, answer, refusals),
    }
    if endpoint.permission is not None:
        operation["security"] = [{name: [] for name in _SECURITY}]
    if endpoint.method == "GET":
        operation["parameters"] = [
            {
                "name": name,
                "in": "query",
                "required": name in REQUIRED[endpoint.form.__name__],
                "description": parameter(endpoint.form, name).text,
                "schema": _value(endpoint.form, name),
            }
            for name in endpoint.form.__struct_encode_fields__
        ]
    else:
        operation["requestBody"] = {
            # Where nothing is required, no body reads as an empty one.
            "required": bool(REQUIRED[endpoint.form.__name__]),
            "content": {"application/json": {"schema": form_schema(endpoint.form)}},
        }
    return operation


def form_schema(form: type[Form]) -> Json:
    """Describe a body, or an entry of a list in one."""
    properties = {
        name: {**_value(form, name), "description": parameter(form, name).text}
        for name in form.__struct_encode_fields__
    }
    return {"type": "object", "properties": properties, "required": list(REQUIRED[form.__name__])}


def _value(form: type[Form], name: str) -> Json:
    declared = parameter(form, name)
    if declared.entries is not None:
        return {"type": "array", "items": form_schema(declared.entries), "minItems": 1, "maxItems": 50}
    value: Json = {"type": "string"}
    if declared.choices:
        value["enum"] = list(declared.choices)
    if declared.example:
        value["examples"] = [declared.example]
    return value


def _responses(endpoint: Endpoint, answer: Json, refusals: tuple[str, ...]) -> Json:
    refused = "Refused."
    if endpoint.method == "POST":
        refused += " Nothing was done, but for 40725: then whether it was done is not known."
    responses: Json = {"400": _answer(refused, _failure(refusals))}
    # What is always refused has no other answer.
    if endpoint.answer is not type(None):
        responses = {
            "200": _answer("Done, and kept." if endpoint.method == "POST" else "Answered.", _success(answer))
        } | responses
    for status, (code, text) in _OF_HTTP.items():
        responses[status] = _answer(text, _failure((code,)))
    return responses


def _answer(text: str, schema: Json) -> Json:
    return {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _headers()},
        "content": {"application/json": {"schema": schema}},
    }


def _headers() -> Json:
    text = {"type": "string"}
    return {
        "x-mbx-used-remain-limit": {"description": "Requests left in this second.", "schema": text},
        "x-backhand-request-id": {"description": "What to ask the operator about.", "schema": text},
        "x-backhand-note": {"description": "What was read otherwise than it was sent.", "schema": text},
    }


def _success(data: Json) -> Json:
    return _envelope({"const": "00000"}, {"const": "success"}, data)


def _failure(refusals: tuple[str, ...]) -> Json:
    code: Json = {"type": "string", "enum": list(refusals)} if refusals else {"type": "string"}
    return _envelope(code, {"type": "string"}, {"type": "null"})


def _envelope(code: Json, text: Json, data: Json) -> Json:
    properties = {"code": code, "msg": text, "requestTime": {"type": "integer"}, "data": data}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _closed(schema: Json) -> Json:
    """Say of an answer that it has no other fields: what a struct does not declare is never sent."""
    plain: Json = _even(schema)
    return {**plain, "additionalProperties": False} if plain.get("type") == "object" else plain


def _even(schema: Any) -> Any:  # noqa: ANN401 (JSON)
    """Describe rows of equal values by one of them: fewer tools read a list of them."""
    if isinstance(schema, list):
        return [_even(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    first, *others = schema.get("prefixItems", [None])
    if first is not None and all(one == first for one in others):
        schema = {name: value for name, value in schema.items() if name != "prefixItems"} | {"items": first}
    return {name: _even(value) for name, value in schema.items()}


def _description(endpoint: Endpoint) -> str:
    """The order of refusals and the source, as the parser tells them."""
    lines = (endpoint.parse.__doc__ or "").strip().splitlines()
    # The first line says what is parsed, which the summary does.
    told = " ".join(line.strip() for line in lines[1:] or lines).strip()
    note = f"At most {endpoint.per_second} a second"
    if endpoint.trader_per_second != endpoint.per_second:
        note += f", {endpoint.trader_per_second} for copy-trading traders"
    return f"{told}\n\n{note}."


def _operation_id(endpoint: Endpoint) -> str:
    path = endpoint.path.removeprefix("/api/").removeprefix("v2/")
    if endpoint.method == "POST" and ("GET", endpoint.path) in ENDPOINTS:
        path += "/post"  # An id is one operation's only.
    words = re.split(r"[/-]", path)
    return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])


def _tag(path: str) -> str:
    return next((tag for prefix, tag in _TAGS.items() if path.startswith(prefix)), _OTHER_TAG)
