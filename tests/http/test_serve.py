"""What the options of `backhand serve` change, and what it refuses to start with."""

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.http.checks import HEDGE, ONE_WAY, assert_refused, reversal_records
from tests.http.conftest import ASK, BID, MARK, MEMORY
from tests.http.venue import LINEAR, USDC, Operator, Product, Trader, VenueProcess, front_door, plain

NOTE = "x-backhand-note"

#: A contract with a minimum above its step, which none of the built-in ones has, and one of the user's own.
CONTRACTS = [
    {"symbol": "ETHUSDT", "productType": "USDT-FUTURES", "minTradeNum": "0.05"},
    {"symbol": "ETHPERP", "productType": "USDC-FUTURES", "sizeMultiplier": "0.05", "minTradeNum": "0.05"},
]


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("contracts") / "contracts.json"
    file.write_text(json.dumps(CONTRACTS))
    return file


@pytest.fixture(scope="module")
def honouring(logs: Path, contracts: Path) -> Iterator[VenueProcess]:
    """A venue that honours a one-way size (A6), with contracts of its own."""
    yield from with_books(
        VenueProcess(
            logs / "honouring.log",
            (*MEMORY, "--limits", "off", "--contracts", str(contracts), "--fidelity", "one_way_size=honour"),
        )
    )


@pytest.fixture(scope="module")
def stepped(logs: Path, contracts: Path) -> Iterator[VenueProcess]:
    """A venue with contracts of its own."""
    options = (*MEMORY, "--limits", "off", "--contracts", str(contracts))
    yield from with_books(VenueProcess(logs / "stepped.log", options))


def with_books(process: VenueProcess) -> Iterator[VenueProcess]:
    process.start()
    for product in (LINEAR, USDC):
        process.operator.set_book(product, [(BID, "100000")], [(ASK, "100000")], MARK)
    yield process
    process.stop()


HONOURED = [
    # held, size, reversed, end
    ("+20", "3", "3", "+14"),
    ("+20", "20", "20", "-20"),
    ("+20", "30", "20", "-20"),
    ("+20", None, "20", "-20"),
    ("-20", "12.5", "12.5", "+5"),
    ("-20", "10", "10", "flat"),
]


@pytest.mark.parametrize(("held", "size", "quantity", "end"), HONOURED)
def test_an_honoured_size_reverses_so_much(
    honouring: VenueProcess, held: str, size: str | None, quantity: str, end: str
) -> None:
    """A6: n = min(size, position) is closed and n opened, net; nothing was ignored, so there is no note."""
    trader = honouring.operator.trader(posMode=ONE_WAY)
    trader.take(LINEAR, held)
    answer = trader.reverse(LINEAR, **({} if size is None else {"size": size}))
    close_row, open_row = reversal_records(trader, LINEAR, answer.data["orderId"])
    assert end == trader.held(LINEAR)
    assert (quantity, quantity) == (plain(close_row["baseVolume"]), plain(open_row["baseVolume"]))
    assert NOTE not in answer.headers


HONOURED_REFUSED = [
    # held, size, code
    ("+20", "3.001", "40808"),
    ("+20", "0.04", "45111"),
    ("+20", "0", "40808"),
]


@pytest.mark.parametrize(("held", "size", "code"), HONOURED_REFUSED)
def test_a_size_below_the_minimum_is_refused(
    honouring: VenueProcess, held: str, size: str, code: str
) -> None:
    """A6, A12: decimals and minimum of a size that counts are checked before anything is done."""
    operator = honouring.operator
    trader = operator.trader(posMode=HEDGE if held[0] == "L" else ONE_WAY)
    trader.take(LINEAR, held)
    before = operator.digest()
    assert_refused(trader.reverse(LINEAR, side="buy", tradeSide="open", size=size), code)
    assert before == operator.digest()


def test_a_hedge_size_below_the_minimum_is_refused(stepped: VenueProcess) -> None:
    """A12: part of a leg is not closed below the contract's minimum."""
    operator = stepped.operator
    trader = operator.trader(posMode=HEDGE)
    trader.take(LINEAR, "L20")
    before = operator.digest()
    assert_refused(trader.reverse(LINEAR, side="buy", tradeSide="open", size="0.04"), "45111")
    assert before == operator.digest()
    trader.reverse(LINEAR, side="buy", tradeSide="open", size="0.05").accepted()
    assert "L19.95 S0.05" == trader.held(LINEAR)


def test_a_size_off_the_step_is_refused(stepped: VenueProcess) -> None:
    """A12: 0.07 has no more decimals than the contract allows, but is no multiple of 0.05."""
    operator = stepped.operator
    trader = operator.trader(posMode=HEDGE)
    trader.take(USDC, "L20")
    before = operator.digest()
    assert_refused(trader.reverse(USDC, side="buy", tradeSide="open", size="0.07"), "40808")
    assert_refused(trader.place(USDC, side="buy", tradeSide="open", size="0.07"), "22038")
    assert before == operator.digest()


@pytest.mark.parametrize("size", [None, "0.03", "1"])
def test_a_whole_leg_below_the_minimum_is_closed(stepped: VenueProcess, size: str | None) -> None:
    """A12: closing the whole leg has no minimum; the open leg has, and is canceled."""
    trader = stepped.operator.trader(posMode=HEDGE)
    trader.take(LINEAR, "L0.08")
    trader.market(LINEAR, "buy", "0.05", tradeSide="close")
    fields = {} if size is None else {"size": size}
    answer = trader.reverse(LINEAR, side="buy", tradeSide="open", **fields)
    close_row, open_row = reversal_records(trader, LINEAR, answer.data["orderId"])
    assert "flat" == trader.held(LINEAR)
    assert ("filled", "0.03") == (close_row["status"], plain(close_row["baseVolume"]))
    assert ("canceled", "0") == (open_row["status"], plain(open_row["baseVolume"]))


def test_an_order_below_the_minimum_is_refused(stepped: VenueProcess) -> None:
    """errors.md: less than minTradeNum is 45111 for an ordinary order too."""
    trader = stepped.operator.trader()
    assert_refused(trader.place(LINEAR, side="buy", size="0.04"), "45111")


def test_the_synthetic_market_can_be_traded_against(tmp_path: Path) -> None:
    """A venue with the synthetic market has a two-sided book for every contract without anybody's doing."""
    options = ("--memory", "--market", "synthetic", "--seed", "7")
    process = VenueProcess(tmp_path / "venue.log", options).start()
    try:
        trader = process.operator.trader(balances={"USDT": "1000000", "USDC": "1000000", "BTC": "100"})
        for product, size in (
            (Product("BTCUSDT", "USDT-FUTURES", "USDT", inverse=False), "0.1"),
            (Product("BTCUSD", "COIN-FUTURES", "BTC", inverse=True), "0.1"),
            (Product("BTCPERP", "USDC-FUTURES", "USDC", inverse=False), "0.1"),
        ):
            trader.take(product, f"+{size}")
            trader.reverse(product).accepted()
            assert f"-{size}" == trader.held(product)
    finally:
        process.stop()


def test_switches_of_the_rules_of_risk(tmp_path: Path) -> None:
    """A switch stays until another start names it: flat maintenance margin first, then a bound of shares."""
    folder = ("--data", str(tmp_path / "data"), "--market", "manual", "--limits", "off")
    process = VenueProcess(tmp_path / "venue.log", (*folder, "--fidelity", "maintenance=flat")).start()
    try:
        process.operator.set_book(LINEAR, [(BID, "100000")], [(ASK, "100000")], MARK)
        trader = process.operator.trader()
        trader.take(LINEAR, "+300")
        # 300 x 1 000 lies in the second tier: all of it at its 0.5 %, and the closing fee.
        maintenance = Decimal(300_000) * (Decimal("0.005") + Decimal("0.0006"))
        equity = Decimal(trader.account(LINEAR)["accountEquity"])
        assert abs(maintenance / equity - ratio(trader)) < Decimal("1e-15")
        process.stop()
        process.start(options=(*folder, "--fidelity", "position_limit=enforce"))
        trader = process.trader(trader.credentials)
        assert abs(maintenance / equity - ratio(trader)) < Decimal("1e-15")
        order = {"side": "buy", "orderType": "market", "size": "1", "marginMode": "crossed"}
        assert_refused(trader.place(LINEAR, **order), "45113")
    finally:
        process.stop()


def ratio(trader: Trader) -> Decimal:
    return Decimal(trader.position(LINEAR, "long")["marginRatio"])


ANYWHERE = "0.0.0.0"  # noqa: S104 (what happens then is the subject)

UNSTARTABLE = [
    # what is wrong, options
    ("a market that does not exist", ("--memory", "--market", "chaos")),
    ("a clock that is none", ("--memory", "--clock", "fast")),
    ("a switch that does not exist", ("--memory", "--fidelity", "gravity=off")),
    ("everybody may control it", ("--memory", "--host", ANYWHERE)),
    ("no such file of contracts", ("--memory", "--contracts", "nowhere.json")),
    ("in memory and in a folder", ("--memory", "--data", "somewhere")),
]


@pytest.mark.parametrize("options", [row[1] for row in UNSTARTABLE], ids=[row[0] for row in UNSTARTABLE])
def test_it_does_not_start_with(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Wrong options end it at once with a status and a sentence, and no ready line."""
    command = [*front_door(), "serve", "--port", "0", *options]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert ended.returncode not in {0, 1}, ended
    assert ended.stdout == b""
    assert ended.stderr.strip() != b""
    assert b"Traceback" not in ended.stderr


def test_beyond_loopback_the_operator_needs_the_token(tmp_path: Path) -> None:
    """DESIGN 6: on any other address the operator's API needs the bearer token."""
    token = tmp_path / "token"
    token.write_text("a-token-of-the-operator-0123456789\n")
    options = (*MEMORY, "--host", ANYWHERE, "--control-token-file", str(token))
    process = VenueProcess(tmp_path / "venue.log", options).start()
    try:
        operator = Operator(process.connect)
        assert 401 == operator.call("GET", "/_venue/audit").status
        assert 401 == operator.call("POST", "/_venue/accounts", {"balances": {}}).status
        headers = {"Authorization": "Bearer a-token-of-the-operator-0123456789"}
        answer = operator.connection.exchange("GET", "/_venue/audit", headers, None)
        assert 200 == answer.status
        wrong = {"Authorization": "Bearer a-token-of-the-operator-0123456780"}
        assert 401 == operator.connection.exchange("GET", "/_venue/audit", wrong, None).status
    finally:
        process.stop()


def test_it_ends_cleanly_when_told_to(tmp_path: Path) -> None:
    """SIGTERM: exit status 0, with a folder and without."""
    for options in (MEMORY, ("--data", str(tmp_path / "data"), "--market", "manual")):
        process = VenueProcess(tmp_path / "venue.log", options).start()
        process.operator.trader().held(LINEAR)
        assert 0 == process.terminate()
