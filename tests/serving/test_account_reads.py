from decimal import Decimal
from typing import Any

import pytest

from backhand.commands import (
    LONG,
    SHORT,
    CancelTriggers,
    MoveMargin,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    ReversePosition,
    SetMarginMode,
    SetPrice,
    Transfer,
)
from backhand.projections.intervals import DAY_MS, HOUR_MS
from backhand.units import E8, E12
from tests.serving.stage import START_MS, Stage, on_stage

BTC = "BTCUSDT"
PRODUCT = {"productType": "USDT-FUTURES"}
NAMES = {"symbol": BTC, "marginCoin": "USDT", **PRODUCT}


async def kinds(stage: Stage, uid: str = "1", **filters: Any) -> list[str]:
    """The business types of an account's bills, newest first."""
    page = await stage.ask("account/bill", uid, **PRODUCT, **filters)
    return [row["businessType"] for row in page["bills"]]


def test_bills_tell_where_the_money_went() -> None:
    """Deposit, trades, funding and a margin move: newest first, balances that follow from each other."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(SetMarginMode("1", BTC, "isolated"))
        await stage.do(PlaceOrder("1", BTC, 1, "market", 100), after_ms=1_000)
        await stage.do(MoveMargin("1", BTC, LONG, 7 * E8), after_ms=1_000)
        await stage.tick(8 * HOUR_MS)
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(PlaceOrder("1", BTC, -1, "market", 100, reduce_only=True))
        page = await stage.ask("account/bill", **PRODUCT)
        rows = page["bills"]
        assert ["sell", "contract_settle_fee", "append_margin", "buy", "trans_from_exchange"] == [
            row["businessType"] for row in rows
        ]
        assert page["endId"] == rows[-1]["billId"]
        sell, funding, margin, buy, deposit = rows
        assert ("-0.36", "0") == (buy["fee"], buy["amount"])
        assert ("", "1000000", "1000000") == (deposit["symbol"], deposit["amount"], deposit["balance"])
        assert ("7", buy["balance"]) == (margin["amount"], margin["balance"])
        for before, after in ((deposit, buy), (buy, funding), (funding, sell)):
            assert Decimal(after["balance"]) == sum(
                Decimal(part) for part in (before["balance"], after["amount"], after["fee"])
            )
        (account,) = [
            row for row in await stage.ask("account/accounts", **PRODUCT) if row["marginCoin"] == "USDT"
        ]
        assert Decimal(sell["balance"]) == Decimal(account["accountEquity"])

    on_stage(play)


def test_bills_are_filtered_and_paged() -> None:
    """By business type, coin, time and cursor; another account's and product's are not among them."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        for _ in range(3):
            await stage.do(PlaceOrder("2", BTC, 1, "market", 10, effect="open"), after_ms=1_000)
            await stage.do(PlaceOrder("2", BTC, 1, "market", 10, effect="close"), after_ms=1_000)
        await stage.do(Transfer("2", "USDT", -E8), after_ms=1_000)
        everything = [
            "trans_to_exchange", *["close_long", "open_long"] * 3, "trans_from_exchange",
        ]  # fmt: skip
        assert everything == await kinds(stage, "2")
        assert ["open_long"] * 3 == await kinds(stage, "2", businessType="open_long")
        assert [] == await kinds(stage, "2", businessType="settle_interest")
        assert ["trans_to_exchange"] == await kinds(stage, "2", businessType="trans_to_exchange", coin="usdt")
        assert [] == await kinds(stage, "2", businessType="trans_to_exchange", coin="BTC")
        assert everything[1:3] == await kinds(
            stage, "2", startTime=START_MS + 5_000, endTime=START_MS + 6_000
        )
        pages: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await stage.ask("account/bill", "2", limit=3, **PRODUCT, **cursor)
            if not page["bills"]:
                break
            pages += [row["businessType"] for row in page["bills"]]
            cursor = {"idLessThan": page["endId"]}
        assert everything == pages
        assert ["trans_from_exchange"] == await kinds(stage, "1")
        page = await stage.ask("account/bill", "2", productType="USDC-FUTURES")
        assert ["trans_from_exchange"] == [row["businessType"] for row in page["bills"]]

    on_stage(play)


def test_a_liquidation_in_bills_fills_and_the_past() -> None:
    """What a holder loses is billed as burst, with what the fund settled, and its fills say so too."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(SetMarginMode("1", BTC, "isolated"))
        await stage.do(PlaceOrder("1", BTC, 1, "market", 1_000))
        await stage.quote(BTC, 560_000, 560_010, after_ms=1_000)
        found = await kinds(stage)
        assert {"burst_sell", "risk_captital_user_transfer", "buy"} <= set(found)
        page = await stage.ask("account/bill", **PRODUCT)
        (account,) = [
            row for row in await stage.ask("account/accounts", **PRODUCT) if row["marginCoin"] == "USDT"
        ]
        assert Decimal(page["bills"][0]["balance"]) == Decimal(account["accountEquity"])
        fills = (await stage.ask("order/fill-history", **PRODUCT))["fillList"]
        assert ("burst_sell_single", "USDT") == (fills[0]["tradeSide"], fills[0]["marginCoin"])
        (closed,) = (await stage.ask("position/history-position", symbol=BTC))["list"]
        assert ("long", "0.1") == (closed["holdSide"], closed["closeTotalPos"])

    on_stage(play)


def test_closed_positions() -> None:
    """A reversal closes one position; its row has both averages, fees, funding, and times spelt twice."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(PlaceOrder("1", BTC, 1, "market", 100))
        await stage.tick(8 * HOUR_MS)
        await stage.quote(BTC, 610_000, 610_010)
        await stage.do(ReversePosition("1", BTC))
        await stage.quote(BTC, 609_990, 610_000, after_ms=DAY_MS)
        await stage.do(ReversePosition("1", BTC))
        page = await stage.ask("position/history-position", **PRODUCT)
        short, long = page["list"]
        assert ("short", "long", long["positionId"]) == (
            short["holdSide"], long["holdSide"], page["endId"],
        )  # fmt: skip
        assert ("60000", "61000", "0.01", "10") == (
            long["openAvgPrice"], long["closeAvgPrice"], long["openTotalPos"], long["pnl"],
        )  # fmt: skip
        assert Decimal(long["netProfit"]) == sum(
            Decimal(long[name]) for name in ("pnl", "totalFunding", "openFee", "closeFee")
        )
        assert Decimal(long["totalFunding"]) != 0
        assert (long["ctime"], long["utime"]) == (long["cTime"], long["uTime"]) == (
            str(START_MS), str(START_MS + 8 * HOUR_MS),
        )  # fmt: skip
        after: dict[str, Any] = {"idLessThan": short["positionId"]}
        assert [long] == (await stage.ask("position/history-position", **after))["list"]
        # ccxt sends the symbol alone, and with it the product type does not count.
        assert [short] == (await stage.ask("position/history-position", symbol=BTC, limit=1))["list"]
        early: dict[str, Any] = {"startTime": START_MS, "endTime": START_MS + 8 * HOUR_MS}
        assert [long] == (await stage.ask("position/history-position", **early))["list"]
        assert [] == (await stage.ask("position/history-position", "2"))["list"]

    on_stage(play)


def test_the_queue_of_deleveraging() -> None:
    """Of two shorts the one with more profit for its margin stands first; who holds nothing has no place."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 600_000, 600_010)
        await stage.do(PlaceOrder("2", BTC, -1, "market", 100, effect="open"))
        await stage.quote(BTC, 590_000, 590_010)
        await stage.do(PlaceOrder("1", BTC, -1, "market", 100))
        assert [("short", "1", "5")] == await ranks(stage, "2")
        assert [("short", "0.5", "3")] == await ranks(stage, "1")
        assert [] == await stage.ask("position/adlRank", "1", productType="COIN-FUTURES")

    async def ranks(stage: Stage, uid: str) -> list[tuple[str, str, str]]:
        rows = await stage.ask("position/adlRank", uid, **PRODUCT)
        return [(row["holdSide"], row["rank"], row["adlRank"]) for row in rows]

    on_stage(play)


def test_what_waits_and_what_became_of_it() -> None:
    """Pending lists by group; the history tells which order was placed and how it was filled."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(
            PlaceTrigger("1", BTC, "entry", 1, "mark", 610_000, 10, client_oid="in"),
            PlaceTrigger("1", BTC, "entry", 1, "mark", 650_000, 10, take_profit=Preset(660_000)),
            PlaceTrigger("1", BTC, "trailing_entry", 1, "last", None, 10, callback_rate_e8=E8 // 100),
            PlaceOrder("1", BTC, 1, "market", 10),
            PlaceTrigger("1", BTC, "stop_loss", LONG, "mark", 550_000, 5),
        )
        assert ["normal_plan", "normal_plan"] == await waiting(stage, "normal_plan")
        assert ["track_plan"] == await waiting(stage, "track_plan")
        assert ["loss_plan"] == await waiting(stage, "profit_loss")
        (one,) = (await plans(stage, "pending", "normal_plan", clientOid="in"))["entrustedList"]
        assert ("61000", "mark_price", "live") == (
            one["triggerPrice"], one["triggerType"], one["planStatus"],
        )  # fmt: skip
        assert [] == await placed(stage, one["orderId"])

        await stage.quote(BTC, 609_990, 610_000, after_ms=1_000)
        await stage.do(CancelTriggers("1", "USDT-FUTURES", ("stop_loss",)), after_ms=1_000)
        assert ["normal_plan"] == await waiting(stage, "normal_plan")
        (fired,) = (await plans(stage, "history", "normal_plan"))["entrustedList"]
        assert ("executed", "61000", "0.001", one["orderId"]) == (
            fired["planStatus"], fired["priceAvg"], fired["baseVolume"], fired["orderId"],
        )  # fmt: skip
        assert [(fired["executeOrderId"], "success")] == await placed(stage, one["orderId"])
        order = await stage.ask("order/detail", symbol=BTC, orderId=fired["executeOrderId"], **PRODUCT)
        assert "plan_market" == order["orderSource"]
        (stopped,) = (await plans(stage, "history", "profit_loss"))["entrustedList"]
        assert ("cancelled", "", "0") == (
            stopped["planStatus"], stopped["executeOrderId"], stopped["baseVolume"],
        )  # fmt: skip
        assert [] == (await plans(stage, "history", "profit_loss", planStatus="executed"))["entrustedList"]
        assert "43025" == await stage.ask(
            "order/plan-sub-order", planType="normal_plan", planOrderId="5", **PRODUCT
        )
        assert [] == (await plans(stage, "history", "normal_plan", uid="2"))["entrustedList"]

    async def plans(stage: Stage, what: str, plan_type: str, uid: str = "1", **filters: Any) -> Any:
        return await stage.ask(f"order/orders-plan-{what}", uid, planType=plan_type, **PRODUCT, **filters)

    async def waiting(stage: Stage, plan_type: str) -> list[str]:
        rows = (await plans(stage, "pending", plan_type))["entrustedList"]
        return [row["planType"] for row in rows]

    async def placed(stage: Stage, order_id: str) -> list[tuple[str, str]]:
        rows = await stage.ask(
            "order/plan-sub-order", planType="normal_plan", planOrderId=order_id, **PRODUCT
        )
        return [(row["orderId"], row["status"]) for row in rows]

    on_stage(play)


def test_presets_are_shown_with_their_order() -> None:
    """A resting order's row tells what it brings along, and at which price that executes."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        presets = {"take_profit": Preset(620_000), "stop_loss": Preset(580_000, 579_000)}
        await stage.do(PlaceOrder("1", BTC, 1, "limit", 10, 590_000, client_oid="p", **presets))  # type: ignore[arg-type]  # Two presets.
        row = await stage.ask("order/detail", symbol=BTC, clientOid="p", **PRODUCT)
        assert ("62000", "", "58000", "57900") == (
            row["presetStopSurplusPrice"], row["presetStopSurplusExecutePrice"],
            row["presetStopLossPrice"], row["presetStopLossExecutePrice"],
        )  # fmt: skip

    on_stage(play)


def test_orders_are_found_by_their_source() -> None:
    """A source finds what shows it, whatever the venue calls it inside, and nothing else."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(
            PlaceOrder("1", BTC, 1, "market", 10),
            PlaceTrigger("1", BTC, "stop_loss", LONG, "mark", 590_000, 5),
            PlaceTrigger("1", BTC, "take_profit", LONG, "mark", 605_000, 2, limit_price_ticks=605_000),
        )
        await stage.quote(BTC, 605_000, 605_010)
        await stage.quote(BTC, 589_990, 590_000)
        for source, count in (
            ("market", 1), ("loss_market", 1), ("profit_limit", 1), ("profit_market", 0),
            ("normal", 0), ("strategy_positive", 0),
        ):  # fmt: skip
            page = await stage.ask("order/orders-history", orderSource=source, **PRODUCT)
            assert [source] * count == [row["orderSource"] for row in page["entrustedList"]]

    on_stage(play)


@pytest.mark.parametrize("uid", ["1", "2"])
def test_what_can_be_opened_is_what_is_accepted(uid: str) -> None:
    """max-open tells the largest order to the lot: it is accepted, and one lot more is not."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(Transfer(uid, "USDT", -999_000 * E8))
        ask = {**NAMES, "posSide": "long", "orderType": "limit", "openPrice": "60000"}
        size = Decimal((await stage.ask("account/max-open", uid, **ask))["maxOpen"])
        lots = int(size * 10_000)
        assert lots > 0
        effect: Any = "open" if uid == "2" else None
        order = PlaceOrder(uid, BTC, 1, "limit", lots + 1, 600_000, effect=effect)
        with pytest.raises(AssertionError):
            await stage.do(order)
        await stage.do(PlaceOrder(uid, BTC, 1, "limit", lots, 600_000, effect=effect))

    on_stage(play)


def test_estimates_before_an_order() -> None:
    """open-count depends on the amount alone; liq-price is that of the position that then comes to be."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        count = await stage.ask(
            "account/open-count", **NAMES, openAmount="1000", openPrice="60000", leverage="20"
        )
        # 1000 pays for V/20 + 0.0006 V.
        assert Decimal("0.3293") == Decimal(count["size"])
        await stage.do(SetMarginMode("1", BTC, "isolated"))
        ask = {**NAMES, "posSide": "long", "orderType": "market", "openAmount": "0.01"}
        before = await stage.ask("account/liq-price", **ask)
        await stage.do(PlaceOrder("1", BTC, 1, "market", 100))
        (position,) = await stage.ask("position/single-position", **NAMES)
        assert position["liquidationPrice"] == before["liqPrice"]
        nothing = {**NAMES, "symbol": "XRPUSDT", "posSide": "long", "orderType": "market"}
        assert "0" == (await stage.ask("account/liq-price", **nothing, openAmount="10"))["liqPrice"]
        assert "0" == (await stage.ask("account/max-open", **nothing))["maxOpen"]

    on_stage(play)


def test_settings_rates_and_what_an_account_has_none_of() -> None:
    """Isolated symbols, fee rates, interest, sub-accounts; union margin is refused."""

    async def play(stage: Stage) -> None:
        assert [] == await stage.ask("account/isolated-symbols", **PRODUCT)
        await stage.do(SetMarginMode("1", BTC, "isolated"))
        assert [{"symbol": BTC, "marginMode": "isolated"}] == await stage.ask(
            "account/isolated-symbols", **PRODUCT
        )
        rate = await stage.ask("/api/v2/common/trade-rate", symbol=BTC, businessType="mix")
        assert {"makerFeeRate": "0.0002", "takerFeeRate": "0.0006"} == rate
        assert 8 == len(await stage.ask("/api/v2/common/all-trade-rate", businessType="mix"))
        assert [] == (await stage.ask("account/interest-history"))["interestList"]
        assert [] == await stage.ask("account/sub-account-assets", **PRODUCT)
        for path in ("account/union-config", "account/transfer-limits"):
            assert "400172" == await stage.ask(path, coin="USDT")

    on_stage(play)


def test_a_short_is_named_short_everywhere() -> None:
    """A hedge account's short: closed positions, bills and ranks agree on the side."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.do(PlaceOrder("2", BTC, SHORT, "market", 10, effect="open"))
        await stage.do(SetPrice(BTC, 59_000 * E12))
        (rank,) = await stage.ask("position/adlRank", "2", **PRODUCT)
        await stage.do(PlaceOrder("2", BTC, SHORT, "market", 10, effect="close"))
        (closed,) = (await stage.ask("position/history-position", "2"))["list"]
        assert ("short", "short", "hedge_mode") == (
            rank["holdSide"], closed["holdSide"], closed["posMode"],
        )  # fmt: skip
        assert ["close_short", "open_short"] == (await kinds(stage, "2"))[:2]

    on_stage(play)
