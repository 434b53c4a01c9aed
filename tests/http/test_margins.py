"""Margin of isolated positions, all leverages, asset mode, copy trading (rest-private.md 3, 7)."""

from typing import Any

import pytest

from tests.http.checks import HEDGE, assert_refused, open_with
from tests.http.conftest import OpenAccount, SetBook
from tests.http.sums import exact
from tests.http.venue import LINEAR, MIX, USDC, Operator

SET_MARGIN = f"{MIX}/account/set-margin"
SET_AUTO_MARGIN = f"{MIX}/account/set-auto-margin"
SET_ALL_LEVERAGE = f"{MIX}/account/set-all-leverage"
SET_ASSET_MODE = f"{MIX}/account/set-asset-mode"
UNION_CONVERT = f"{MIX}/account/union-convert"
SWITCH_UNION = f"{MIX}/account/switch-union-usdt"
AUTO = {"symbol": LINEAR.symbol, "marginCoin": LINEAR.margin_coin, "holdSide": "long"}
TRADERS = "/api/v2/copy/mix-trader"
COPY_TRADING = [
    *[
        ("GET", name)
        for name in (
            "order-current-track",
            "order-history-track",
            "order-total-detail",
            "profit-details",
            "profit-history-summarys",
            "profit-history-details",
            "profits-group-coin-date",
            "config-query-symbols",
            "config-query-followers",
        )
    ],
    *[
        ("POST", name)
        for name in (
            "order-close-positions",
            "order-modify-tpsl",
            "config-setting-symbols",
            "config-settings-base",
            "config-setting-base",
            "config-remove-follower",
            "create-copy-api",
        )
    ],
]


def test_margin_is_added_and_taken_out(open_account: OpenAccount, set_book: SetBook) -> None:
    """The position's margin grows and shrinks by the amount; the answer is an empty text."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10", "isolated")
    before = exact(trader.position(LINEAR, "long")["marginSize"])
    for amount, more in (("100", 100), (-40, 60), ("0.00000001", exact("60.00000001"))):
        answer = trader.post(SET_MARGIN, LINEAR.names | {"holdSide": "Long", "amount": amount})
        assert "" == answer.data
        assert before + more == exact(trader.position(LINEAR, "long")["marginSize"])


MARGIN_REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    # margin mode, what is held, what is sent, the code
    ("isolated", "L10", {"amount": "-1"}, "40800"),
    ("isolated", "L10", {"amount": "1000000000"}, "40800"),
    ("isolated", "L10", {"amount": "0"}, "40020"),
    ("isolated", "L10", {"amount": "x"}, "40020"),
    ("isolated", "L10", {"holdSide": "short"}, "40802"),
    ("isolated", "L10", {"holdSide": ""}, "400172"),
    ("isolated", "L10", {"symbol": "NOPEUSDT"}, "40034"),
    ("isolated", "flat", {}, "40802"),
    ("crossed", "L10", {}, "40808"),
]


@pytest.mark.parametrize(("margin_mode", "held", "fields", "code"), MARGIN_REFUSED)
def test_margin_that_cannot_be_moved(
    open_account: OpenAccount,
    set_book: SetBook,
    operator: Operator,
    margin_mode: str,
    held: str,
    fields: dict[str, Any],
    code: str,
) -> None:
    """Only isolated positions have margin of their own, and only what is spare can be taken out."""
    set_book(LINEAR)
    trader = open_account(posMode=HEDGE, marginMode=margin_mode)
    trader.take(LINEAR, held)
    before = operator.digest()
    assert_refused(trader.post(SET_MARGIN, LINEAR.names | {"holdSide": "long", "amount": "1"} | fields), code)
    assert before == operator.digest()


def test_automatic_margin(open_account: OpenAccount, set_book: SetBook, operator: Operator) -> None:
    """It is switched for a side that is held in isolated mode, and for no other."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10", "isolated")
    off = operator.digest()
    assert "success" == trader.post(SET_AUTO_MARGIN, AUTO | {"autoMargin": "on"}).data
    assert off != operator.digest()
    assert "on" == trader.position(LINEAR, "long")["autoMargin"]
    assert "success" == trader.post(SET_AUTO_MARGIN, AUTO | {"autoMargin": "OFF"}).data
    assert off == operator.digest()
    assert "off" == trader.position(LINEAR, "long")["autoMargin"]
    refused = AUTO | {"autoMargin": "on", "holdSide": "short"}
    assert_refused(trader.post(SET_AUTO_MARGIN, refused), "40802")
    assert_refused(trader.post(SET_AUTO_MARGIN, AUTO | {"autoMargin": "maybe"}), "400172")
    assert off == operator.digest()


@pytest.mark.parametrize("margin_mode", ["crossed", "isolated"])
def test_all_leverages(open_account: OpenAccount, set_book: SetBook, margin_mode: str) -> None:
    """Symbols of the product type that have a position get the leverage, others keep theirs."""
    set_book(LINEAR)
    set_book(USDC)
    trader = open_with(open_account, LINEAR, "L10 S4", margin_mode)
    trader.set_position_mode(USDC, HEDGE).accepted()
    body = {"productType": LINEAR.product_type, "leverage": 7}
    assert "success" == trader.post(SET_ALL_LEVERAGE, body).data
    assert ["7", "7"] == [row["leverage"] for row in trader.position_rows(LINEAR)]
    body = {"productType": USDC.product_type, "leverage": "7"}
    assert "success" == trader.post(SET_ALL_LEVERAGE, body).data
    assert 20 == trader.account(USDC)["crossedMarginLeverage"]


@pytest.mark.parametrize(
    ("leverage", "code"), [("151", "43050"), ("0", "43050"), ("x", "40020"), ("", "400172")]
)
def test_all_leverages_are_refused(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, leverage: str, code: str
) -> None:
    """A leverage that no symbol can have changes nothing."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10")
    before = operator.digest()
    body = {"productType": LINEAR.product_type, "leverage": leverage}
    assert_refused(trader.post(SET_ALL_LEVERAGE, body), code)
    assert before == operator.digest()


def test_asset_mode(open_account: OpenAccount, operator: Operator) -> None:
    """Every account is single; union margin does not exist here and is refused by its name."""
    trader = open_account()
    before = operator.digest()
    body = {"productType": "USDT-FUTURES", "assetMode": "Single"}
    assert "success" == trader.post(SET_ASSET_MODE, body).data
    answer = trader.post(SET_ASSET_MODE, body | {"assetMode": "union"})
    assert_refused(answer, "400172")
    assert "assetMode union" in answer.json["msg"]
    assert_refused(trader.post(UNION_CONVERT, {"coin": "USDT", "amount": "1"}), "400172")
    assert_refused(trader.post(SWITCH_UNION, {}), "400172")
    for path in (UNION_CONVERT, SWITCH_UNION):
        assert_refused(trader.post(path, b"["), "40409")
    assert before == operator.digest()


@pytest.mark.parametrize(("method", "name"), COPY_TRADING)
@pytest.mark.parametrize(("copy_trader", "code"), [(False, "31001"), (True, "40022")])
def test_copy_trading(
    open_account: OpenAccount, operator: Operator, method: str, name: str, copy_trader: bool, code: str
) -> None:
    """Who is not a trader is told so; a trader, that there is no copy trading here."""
    trader = open_account(copyTrader=copy_trader)
    before = operator.digest()
    path, body = f"{TRADERS}/{name}", {"productType": "USDT-FUTURES"}
    assert_refused(trader.post(path, body) if method == "POST" else trader.get(path, body), code)
    assert before == operator.digest()
