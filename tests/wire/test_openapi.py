"""The document says what the declarations say."""

import json
from typing import Any

import pytest

from backhand.serving.documents import later_refusals
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.openapi import document

DOCUMENT = document("1.2.3", later_refusals())
PLACE = DOCUMENT["paths"]["/api/v2/mix/order/place-order"]["post"]
REVERSE = DOCUMENT["paths"]["/api/v2/mix/order/click-backhand"]["post"]


def operation(endpoint: Endpoint) -> dict[str, Any]:
    found = DOCUMENT["paths"][endpoint.path][endpoint.method.lower()]
    assert isinstance(found, dict)
    return found


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in references(value)]
    return [ref for one in node for ref in references(one)] if isinstance(node, list) else []


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.path)
def test_every_endpoint_is_described(endpoint: Endpoint) -> None:
    """Quota, permission, parameters with their sentences, and answers are there."""
    described = operation(endpoint)
    assert (endpoint.per_second, endpoint.permission) == (
        described["x-rate-limit"]["perSecond"],
        described["x-permission"],
    )
    assert ("security" in described) == (endpoint.permission is not None)
    if endpoint.method == "GET":
        sent = {one["name"]: one["description"] for one in described["parameters"]}
    else:
        body = described["requestBody"]["content"]["application/json"]["schema"]
        sent = {name: value["description"] for name, value in body["properties"].items()}
    assert list(endpoint.form.__struct_encode_fields__) == list(sent)
    assert all(text.endswith(".") for text in sent.values())
    assert ("200" in described["responses"]) == (endpoint.answer is not type(None))


def test_operations_have_names_of_their_own() -> None:
    """Programs that make clients from the document name their methods by these."""
    names = [operation(endpoint)["operationId"] for endpoint in ENDPOINTS.values()]
    assert sorted(set(names)) == sorted(names)
    assert "mixOrderClickBackhand" in names


def test_every_reference_leads_somewhere() -> None:
    """Nothing in the document points outside of it or at nothing."""
    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_the_document_is_json_and_the_same_every_time() -> None:
    """Equal declarations give equal bytes."""
    again = document("1.2.3", later_refusals())
    assert json.dumps(DOCUMENT) == json.dumps(again)
    assert ("3.1.0", "1.2.3") == (DOCUMENT["openapi"], DOCUMENT["info"]["version"])


def test_words_are_those_of_the_parsers() -> None:
    """Enumerations, required fields and lists of objects are as they are read."""
    body = PLACE["requestBody"]["content"]["application/json"]["schema"]
    assert ["gtc", "ioc", "fok", "post_only"] == body["properties"]["force"]["enum"]
    assert "price" not in body["required"]
    assert "size" in body["required"]
    batch = DOCUMENT["paths"]["/api/v2/mix/order/batch-place-order"]["post"]
    orders = batch["requestBody"]["content"]["application/json"]["schema"]["properties"]["orderList"]
    assert (50, "object") == (orders["maxItems"], orders["items"]["type"])


def test_codes_are_those_of_the_checks() -> None:
    """A reversal's codes are those of its signature, of its parser and of the engine, in this order."""
    codes = REVERSE["responses"]["400"]["content"]["application/json"]["schema"]["properties"]["code"]["enum"]
    wanted = ["40006", "40009", "40007", "40409", "22012", "98001", "40757", "98005", "40725"]
    assert wanted == [code for code in codes if code in wanted]
    assert "40109" not in codes


def test_rows_of_equal_values_are_described_by_one() -> None:
    """A candle is seven texts."""
    candles = DOCUMENT["paths"]["/api/v2/mix/market/candles"]["get"]["responses"]["200"]
    data = candles["content"]["application/json"]["schema"]["properties"]["data"]
    row = {"type": "array", "minItems": 7, "maxItems": 7, "items": {"type": "string"}}
    assert {"type": "array", "items": row} == data
