"""Calls as a client would make them, against the built-in contracts."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from backhand.commands import Contract
from backhand.wire.contracts import built_in_contracts
from backhand.wire.fields import Call

NOW_MS = 1_790_000_000_000
CONTRACTS: dict[str, Contract] = {contract.symbol: contract for contract in built_in_contracts()}


def raw_call(parameters: bytes) -> Call:
    """Make a call with these bytes as body or query string."""
    return Call("7", parameters, CONTRACTS, NOW_MS)


def post(**fields: Any) -> Call:
    """Make a call with a JSON body; `...` leaves a field out."""
    return raw_call(json.dumps({name: value for name, value in fields.items() if value is not ...}).encode())


def get(**fields: str) -> Call:
    """Make a call with a query string."""
    return raw_call(urlencode(fields, quote_via=quote).encode())
