import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.commands import Tier
from backhand.wire.contracts import built_in_contracts, contracts_from_json
from backhand.wire.responses.markets import contract_row
from tests.wire.calls import CONTRACTS

DOGE: dict[str, Any] = {
    "symbol": "DOGEUSDT",
    "productType": "USDT-FUTURES",
    "baseCoin": "DOGE",
    "quoteCoin": "USDT",
    "pricePlace": "5",
    "volumePlace": "0",
    "sizeMultiplier": "1",
    "maxLever": "50",
    "maxOrderQty": "1000000",
    "maxMarketOrderQty": "500000",
    "tiers": [
        {"endUnit": "100000", "leverage": "50", "keepMarginRate": "0.01"},
        {"endUnit": "1000000", "leverage": "10", "keepMarginRate": "0.05"},
    ],
}


def file(*rows: dict[str, Any]) -> bytes:
    """Write a file of contracts; `...` leaves a field out."""
    kept = [{name: value for name, value in row.items() if value is not ...} for row in rows]
    return json.dumps(kept).encode()


def test_the_listed_contracts() -> None:
    """The eight contracts of DESIGN section 4, each margined as its product type says."""
    assert [
        ("BTCUSDT", "USDT-FUTURES", "USDT", False, 10_000, 10**11, 12),
        ("ETHUSDT", "USDT-FUTURES", "USDT", False, 10**6, 10**10, 15),
        ("SOLUSDT", "USDT-FUTURES", "USDT", False, 10**7, 10**9, 10),
        ("XRPUSDT", "USDT-FUTURES", "USDT", False, 10**8, 10**8, 11),
        ("BTCUSD", "COIN-FUTURES", "BTC", True, 10**5, 10**11, 10),
        ("ETHUSD", "COIN-FUTURES", "ETH", True, 10**6, 10**10, 9),
        ("BTCPERP", "USDC-FUTURES", "USDC", False, 10_000, 10**11, 14),
        ("ETHPERP", "USDC-FUTURES", "USDC", False, 10**6, 10**10, 9),
    ] == [
        (c.symbol, c.product_type, c.margin_coin, c.inverse, c.lot_e8, c.tick_e12, len(c.tiers))
        for c in built_in_contracts()
    ]


@pytest.mark.parametrize("symbol", sorted(CONTRACTS))
def test_listed_terms_fit_together(symbol: str) -> None:
    """The leverage is that of the first tier, tiers grow, and the terms common to all are the usual ones."""
    contract = CONTRACTS[symbol]
    assert contract.tiers[0].leverage_max == contract.leverage_max
    assert sorted(contract.tiers, key=lambda tier: tier.end_value_e8) == list(contract.tiers)
    assert contract.tiers[-1].leverage_max == 1
    assert (20_000, 60_000, 5 * 10**8) == (
        contract.maker_fee_rate_e8,
        contract.taker_fee_rate_e8,
        contract.value_min_e8,
    )
    assert (200, 1000, 200, 8) == (
        contract.symbol_orders_max,
        contract.product_orders_max,
        contract.positions_max,
        contract.funding_interval_hours,
    )


def test_tiers_are_those_of_the_specification() -> None:
    """The first two and the last tier of BTCUSDT, in quote currency."""
    tiers = CONTRACTS["BTCUSDT"].tiers
    assert Tier(200_000 * 10**8, 150, 400_000) == tiers[0]
    assert Tier(1_000_000 * 10**8, 100, 500_000) == tiers[1]
    assert Tier(1_200_000_000 * 10**8, 1, 60_000_000) == tiers[-1]


def test_what_the_venue_answers_can_be_its_file() -> None:
    """Rows of market/contracts with product type and tiers added list the same contracts again."""
    rows = []
    for contract in built_in_contracts():
        row = json.loads(msgspec.json.encode(contract_row(contract)))
        rows.append({**row, "productType": contract.product_type})
    assert built_in_contracts() == contracts_from_json(json.dumps(rows).encode())


def test_a_file_adds_a_contract() -> None:
    """What a new contract leaves out has the usual value; values may be text or numbers."""
    added = contracts_from_json(file(DOGE))
    assert added == contracts_from_json(
        file(
            {
                **DOGE,
                "pricePlace": 5,
                "sizeMultiplier": 1.0,
                "maxOrderQty": 1e6,
                "productType": "usdt-futures",
            }
        )
    )
    assert isinstance(added, list)
    (doge,) = added
    assert ("USDT", 10**7, 10**8, 1, 1_000_000, 20_000, "normal") == (
        doge.margin_coin,
        doge.tick_e12,
        doge.lot_e8,
        doge.size_lots_min,
        doge.limit_size_lots_max,
        doge.maker_fee_rate_e8,
        doge.status,
    )


def test_a_file_changes_a_built_in_contract() -> None:
    """Only the fields of the row change, case of the symbol aside."""
    changed = contracts_from_json(file({"symbol": "btcusdt", "maxLever": "50", "symbolStatus": "limit_open"}))
    expected = msgspec.structs.replace(CONTRACTS["BTCUSDT"], leverage_max=50, status="limit_open")
    assert [expected] == changed
    restricted = contracts_from_json(file({"symbol": "BTCUSDT", "symbolStatus": "restrictedAPI"}))
    assert [msgspec.structs.replace(CONTRACTS["BTCUSDT"], status="restricted")] == restricted


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"symbol": ...}, "without symbol: symbol: must be 1 to 32 letters and digits"),
        ({"symbol": "DOGE/USDT"}, "DOGE/USDT: symbol: must be 1 to 32 letters and digits"),
        ({"baseCoin": ""}, "DOGEUSDT: baseCoin: must be 1 to 32 letters and digits"),
        (
            {"productType": "SPOT"},
            "DOGEUSDT: productType: must be one of USDT-FUTURES, COIN-FUTURES, USDC-FUTURES",
        ),
        ({"symbolType": "delivery"}, "DOGEUSDT: symbolType: must be perpetual"),
        (
            {"symbolStatus": "on"},
            "DOGEUSDT: symbolStatus: must be one of listed, normal, maintain, limit_open, restrictedAPI, off",
        ),
        ({"pricePlace": 13}, "DOGEUSDT: pricePlace: must be a whole number from 0 to 12"),
        ({"volumePlace": "x"}, "DOGEUSDT: volumePlace: must be a whole number from 0 to 8"),
        (
            {"sizeMultiplier": "0"},
            "DOGEUSDT: sizeMultiplier: must be a positive number up to 9e10 with at most 8 decimals",
        ),
        ({"sizeMultiplier": "0.1"}, "DOGEUSDT: sizeMultiplier: has more decimals than volumePlace"),
        (
            {"maxOrderQty": ...},
            "DOGEUSDT: maxOrderQty: must be a positive number up to 9e10 with at most 8 decimals",
        ),
        ({"maxOrderQty": "1.5"}, "DOGEUSDT: maxOrderQty: must be a multiple of sizeMultiplier"),
        ({"takerFeeRate": "2"}, "DOGEUSDT: takerFeeRate: must be a ratio up to 1 with at most 8 decimals"),
        ({"maxLever": 0}, "DOGEUSDT: maxLever: must be a whole number from 1 to 1000000"),
        ({"maxLever": 51}, "DOGEUSDT: maxLever: is above the leverage of the first tier"),
        ({"fundInterval": "25"}, "DOGEUSDT: fundInterval: must be a whole number from 1 to 24"),
        ({"tiers": ...}, "DOGEUSDT: tiers: must be 1 to 100 tiers"),
        ({"tiers": [DOGE["tiers"][1]] * 2}, "DOGEUSDT: tiers[2].endUnit: must grow"),
        (
            {"tiers": [{"endUnit": 1}]},
            "DOGEUSDT: tiers[1].leverage: must be a whole number from 1 to 1000000",
        ),
        ({"taker": "1"}, "taker: not a field of a contract"),
    ],
)
def test_a_bad_row_is_named(fields: dict[str, Any], problem: str) -> None:
    """The text says which contract, which field, and what would be right."""
    assert f"contract 2: {problem}" == contracts_from_json(file({"symbol": "BTCUSDT"}, {**DOGE, **fields}))


@pytest.mark.parametrize(
    ("raw", "start"),
    [
        (b"", "not a JSON list of objects"),
        (b"{}", "not a JSON list of objects"),
        (b"[1]", "not a JSON list of objects"),
        (b"[" * 100_000, "not a JSON list of objects"),
        (file(DOGE, DOGE), "contract 2: symbol: DOGEUSDT stands twice"),
        (file({**DOGE, "tiers": "all"}), "contract 1: cannot be read"),
        (b"[" + b"{}," * 2_000 + b"{}]", "2001 contracts, more than 2000"),
    ],
)
def test_a_bad_file_is_explained(raw: bytes, start: str) -> None:
    """What is no list of contracts gives one sentence."""
    problem = contracts_from_json(raw)
    assert isinstance(problem, str)
    assert problem.startswith(start)


@given(st.binary(max_size=100) | st.dictionaries(st.sampled_from(sorted(DOGE)), st.text()).map(file))
def test_no_file_raises(raw: bytes) -> None:
    """Whatever a file holds, reading it gives contracts or one sentence."""
    assert isinstance(contracts_from_json(raw), list | str)
