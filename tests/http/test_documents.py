"""The document and its page, as a browser gets them."""

import json
import re

import pytest

from tests.http.venue import VenueProcess


def test_the_document_is_served(venue: VenueProcess) -> None:
    """Anybody can read it, without a key."""
    answer = venue.connect().exchange("GET", "/openapi.json", {}, None)
    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    assert "/api/v2/mix/order/click-backhand" in json.loads(answer.body)["paths"]


def test_the_page_needs_nothing_from_elsewhere(venue: VenueProcess) -> None:
    """It is one file that names no other address, and its policy forbids to read any."""
    answer = venue.connect().exchange("GET", "/docs", {}, None)
    assert (200, "text/html; charset=utf-8") == (answer.status, answer.headers["content-type"])
    assert [] == re.findall(rb"https?://|//[a-z]+\.|@import|src=", answer.body)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_other_methods_are_refused(venue: VenueProcess, path: str) -> None:
    """There is nothing to change: 405, and which methods there are; HEAD answers without a body."""
    connection = venue.connect()
    refused = connection.exchange("POST", path, {"Content-Type": "application/json"}, b"{}")
    assert (405, "GET, HEAD") == (refused.status, refused.headers["allow"])
    head = venue.connect().exchange("HEAD", path, {}, None)
    assert (200, b"") == (head.status, head.body)
