"""Account figures: the sums of contracts.md section 6, worked out beside each test."""

from fractions import Fraction

from tests.http import sums
from tests.http.checks import (
    BALANCE_FIELDS,
    BOTH_KINDS,
    HEDGE,
    NUMBERS,
    ONE_WAY,
    assert_row,
    assert_sums,
    open_with,
)
from tests.http.conftest import ASK, BID, DEEP, OpenAccount, SetBook
from tests.http.venue import (
    LINEAR,
    MIX,
    Operator,
    Product,
    plain,
)


@BOTH_KINDS
def test_the_sums_of_a_crossed_account(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """All figures of a crossed long with an open order, the mark below the entry."""
    set_book(product)
    deposit = sums.exact("2000") if not product.inverse else sums.exact("2")
    trader = open_account(balances={"USDT": "2000", "ETH": "2"})
    trader.take(product, "+10")
    trader.limit(product, "buy", "4", "960")
    set_book(product, bids=(("989", DEEP),), asks=(("991", DEEP),), mark="990")
    mark, entry = sums.exact("990"), sums.exact(ASK)

    wallet = deposit - sums.fees(product, [(entry, Fraction(10))])
    order_value = sums.value(product, Fraction(4), sums.exact("960"))
    locked = order_value / 20 + order_value * sums.TAKER
    unrealised = sums.profit(product, sums.LONG, Fraction(10), entry, mark)
    margin = sums.value(product, Fraction(10), mark) / 20
    maintenance = sums.value(product, Fraction(10), mark) * (sums.LOWEST_RATE[product.symbol] + sums.TAKER)
    available = wallet - locked
    largest = available - margin + unrealised
    expected = {
        "locked": locked,
        "available": available,
        "accountEquity": wallet + unrealised,
        "unrealizedPL": unrealised,
        "crossedUnrealizedPL": unrealised,
        "isolatedUnrealizedPL": Fraction(0),
        "crossedMaxAvailable": largest,
        "isolatedMaxAvailable": largest,
        "maxTransferOut": largest,
        "crossedRiskRate": maintenance / (wallet + unrealised),
    }
    assert_sums(expected, trader.account(product))
    rows = trader.get(f"{MIX}/account/accounts", {"productType": product.product_type}).data
    (row,) = [row for row in rows if row["marginCoin"] == product.margin_coin]
    assert_row(BALANCE_FIELDS | {"isolatedMargin", "crossedMargin"}, row)
    assert_sums(expected | {"isolatedMargin": Fraction(0), "crossedMargin": margin}, row)


@BOTH_KINDS
def test_the_sums_with_a_gain(open_account: OpenAccount, set_book: SetBook, product: Product) -> None:
    """An unrealised gain may open crossed positions, but be neither transferred nor isolated."""
    set_book(product)
    deposit = sums.exact("2000") if not product.inverse else sums.exact("2")
    trader = open_account(balances={"USDT": "2000", "ETH": "2"})
    trader.take(product, "-10")
    set_book(product, bids=(("799", DEEP),), asks=(("801", DEEP),), mark="800")
    mark, entry = sums.exact("800"), sums.exact(BID)
    wallet = deposit - sums.fees(product, [(entry, Fraction(10))])
    unrealised = sums.profit(product, sums.SHORT, Fraction(10), entry, mark)
    margin = sums.value(product, Fraction(10), mark) / 20
    assert unrealised > 0
    expected = {
        "locked": Fraction(0),
        "available": wallet,
        "accountEquity": wallet + unrealised,
        "crossedMaxAvailable": wallet - margin + unrealised,
        "isolatedMaxAvailable": wallet - margin,
        "maxTransferOut": wallet - margin,
    }
    assert_sums(expected, trader.account(product))


@BOTH_KINDS
def test_the_sums_of_an_isolated_account(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """An isolated leg takes its margin out of what is available, and its profit counts for equity only."""
    set_book(product)
    deposit = sums.exact("2000") if not product.inverse else sums.exact("2")
    trader = open_with(open_account, product, "L10 S4", "isolated", balances={"USDT": "2000", "ETH": "2"})
    long_entry, short_entry, mark = sums.exact(ASK), sums.exact(BID), sums.exact("1010")
    set_book(product, bids=(("1009", DEEP),), asks=(("1011", DEEP),), mark="1010")
    wallet = deposit - sums.fees(product, [(long_entry, Fraction(10)), (short_entry, Fraction(4))])
    long_margin = sums.value(product, Fraction(10), long_entry) / 20
    short_margin = sums.value(product, Fraction(4), short_entry) / 20
    long_profit = sums.profit(product, sums.LONG, Fraction(10), long_entry, mark)
    short_profit = sums.profit(product, sums.SHORT, Fraction(4), short_entry, mark)
    available = wallet - long_margin - short_margin
    expected = {
        "locked": Fraction(0),
        "available": available,
        "accountEquity": wallet + long_profit + short_profit,
        "unrealizedPL": long_profit + short_profit,
        "crossedUnrealizedPL": Fraction(0),
        "isolatedUnrealizedPL": long_profit + short_profit,
        "crossedMaxAvailable": available,
        "isolatedMaxAvailable": available,
        "maxTransferOut": available,
        "crossedRiskRate": Fraction(0),
    }
    assert_sums(expected, trader.account(product))
    for side, size, margin, gain in (
        ("long", Fraction(10), long_margin, long_profit),
        ("short", Fraction(4), short_margin, short_profit),
    ):
        row = trader.position(product, side)
        rate = sums.LOWEST_RATE[product.symbol]
        maintenance = sums.value(product, size, mark) * (rate + sums.TAKER)
        assert margin == sums.exact(row["marginSize"])
        assert rate == sums.exact(row["keepMarginRate"])
        assert_sums({"unrealizedPL": gain}, row)
        ratio = maintenance / (margin + gain)
        assert ratio <= sums.exact(row["marginRatio"]) < ratio + 2 * sums.LAST_PLACE


def test_hedge_crossed_needs_margin_for_the_larger_leg_only(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """contracts.md 5: 10 long and 10 short at 1000 with leverage 20 need 500 and not 1000."""
    set_book(LINEAR, bids=(("1000", DEEP),), asks=(("1000.01", DEEP),))
    trader = open_account(posMode=HEDGE, balances={"USDT": "550"})
    trader.take(LINEAR, "S10")
    set_book(LINEAR, bids=(("999.99", DEEP),), asks=(("1000", DEEP),))
    trader.market(LINEAR, "buy", "10", tradeSide="open")
    account = trader.account(LINEAR)
    assert ("538", "538") == (plain(account["available"]), plain(account["accountEquity"]))
    assert ("38", "38") == (plain(account["crossedMaxAvailable"]), plain(account["maxTransferOut"]))


def test_the_account_of_a_symbol(open_account: OpenAccount, set_book: SetBook) -> None:
    """account/account carries the settings of the symbol, its leverages as JSON numbers."""
    set_book(LINEAR)
    trader = open_account(posMode=HEDGE, marginMode="isolated")
    trader.set_leverage(LINEAR, longLeverage="7", shortLeverage="9").accepted()
    row = trader.account(LINEAR)
    assert_row(BALANCE_FIELDS | NUMBERS | {"marginMode", "posMode"}, row)
    assert ("isolated", HEDGE, "single") == (row["marginMode"], row["posMode"], row["assetMode"])
    assert (7, 9, 20) == (row["isolatedLongLever"], row["isolatedShortLever"], row["crossedMarginLeverage"])
    assert {int} == {type(row[name]) for name in NUMBERS}


def test_each_coin_goes_to_its_product(operator: Operator) -> None:
    """DESIGN 4: each coin is in the account of its product type; a new account is one-way and crossed."""
    trader = operator.trader(balances={"USDT": "10.5", "USDC": "20", "ETH": "3", "BTC": "0.25"})
    equity: dict[str, dict[str, str]] = {}
    for product_type in ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"):
        rows = trader.get(f"{MIX}/account/accounts", {"productType": product_type}).data
        equity[product_type] = {
            row["marginCoin"]: plain(row["accountEquity"])
            for row in rows
            if plain(row["accountEquity"]) != "0"
        }
    assert {
        "USDT-FUTURES": {"USDT": "10.5"},
        "USDC-FUTURES": {"USDC": "20"},
        "COIN-FUTURES": {"ETH": "3", "BTC": "0.25"},
    } == equity
    row = trader.account(LINEAR)
    assert (ONE_WAY, "crossed", 20) == (row["posMode"], row["marginMode"], row["crossedMarginLeverage"])


def test_transfers(operator: Operator) -> None:
    """The operator deposits and withdraws, to the unit, and not more than may leave."""
    trader = operator.trader(balances={"USDT": "100"})
    path = f"/_venue/accounts/{trader.credentials.uid}/transfers"
    operator.ask("POST", path, {"coin": "USDT", "amount": "0.00000001"})
    assert "100.00000001" == plain(trader.account(LINEAR)["available"])
    operator.ask("POST", path, {"coin": "USDT", "amount": "-100"})
    assert "0.00000001" == plain(trader.account(LINEAR)["available"])
    before = operator.digest()
    refused = operator.call("POST", path, {"coin": "USDT", "amount": "-1"})
    assert 400 <= refused.status < 500
    assert {"error", "detail"} <= set(refused.json)
    assert before == operator.digest()


def test_what_a_position_needs_cannot_be_withdrawn(
    open_account: OpenAccount, set_book: SetBook, operator: Operator
) -> None:
    """contracts.md 6: maxTransferOut may leave to the last unit, and not one more."""
    set_book(LINEAR)
    trader = open_account(balances={"USDT": "1000"})
    trader.take(LINEAR, "+10")
    largest = sums.exact(trader.account(LINEAR)["maxTransferOut"])
    assert Fraction(494) == largest
    path = f"/_venue/accounts/{trader.credentials.uid}/transfers"
    refused = operator.call("POST", path, {"coin": "USDT", "amount": "-494.00000001"})
    assert 400 <= refused.status < 500
    operator.ask("POST", path, {"coin": "USDT", "amount": "-494"})
    assert "0" == plain(trader.account(LINEAR)["maxTransferOut"])
    assert "+10" == trader.held(LINEAR)
