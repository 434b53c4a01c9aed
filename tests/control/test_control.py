"""The operator's API over HTTP: accounts, money, books, prices, audit, metrics; what it refuses, and how."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.http.venue import INVERSE, LINEAR, Answer, Connection, Credentials, Operator, VenueProcess


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """Its time stands still: where it goes on, a mark that is not set moves by itself."""
    log = tmp_path_factory.mktemp("control") / "venue.log"
    process = VenueProcess(log, ("--memory", "--market", "manual", "--clock", "frozen")).start()
    yield process
    process.stop()


@pytest.fixture
def operator(venue: VenueProcess) -> Iterator[Operator]:
    operator = venue.operator
    yield operator
    operator.connection.close()


@pytest.fixture
def connection(venue: VenueProcess) -> Iterator[Connection]:
    connection = Connection(venue.host, venue.port)
    yield connection
    connection.close()


def refused(answer: Answer, status: int, reason: str) -> str:
    """An error of this API; its text."""
    assert {"error", "detail"} == set(answer.json), answer.body
    assert (status, reason) == (answer.status, answer.json["error"]), answer.body
    return str(answer.json["detail"])


def credentials(made: Mapping[str, Any]) -> Credentials:
    return Credentials(made["uid"], made["apiKey"], made["secretKey"], made["passphrase"])


def test_health_and_ready(operator: Operator) -> None:
    """Both answer 200 once the ready line is out."""
    assert {"status": "ok"} == operator.ask("GET", "/_venue/health")
    ready = operator.ask("GET", "/_venue/ready")
    assert "ready" == ready["status"]
    assert ready["sequence"] >= 9


def test_a_new_account_has_what_was_asked_for(operator: Operator) -> None:
    """Balances, modes and leverage are those of the request; the answer has the key, once."""
    body = {
        "uid": "alice",
        "balances": {"usdt": "100.5", "BTC": "2", "USDC": "0"},
        "posMode": "hedge_mode",
        "marginMode": "isolated",
        "leverage": "7",
        "copyTrader": True,
    }
    made = operator.ask("POST", "/_venue/accounts", body)
    assert {"uid", "apiKey", "secretKey", "passphrase"} == set(made)
    assert "alice" == made["uid"]
    seen = operator.ask("GET", "/_venue/accounts/alice")
    assert {"USDT": "100.5", "BTC": "2"} == {coin: sums["wallet"] for coin, sums in seen["balances"].items()}
    assert {"hedge_mode"} == set(seen["positionModes"].values())
    assert seen["copyTrader"] is True
    assert ([], []) == (seen["positions"], seen["openOrders"])


def test_defaults_of_a_new_account(venue: VenueProcess, operator: Operator) -> None:
    """One-way mode, crossed margin, leverage 20, a uid of digits, no money."""
    made = operator.ask("POST", "/_venue/accounts", {})
    assert made["uid"].isdigit()
    trader = venue.trader(credentials(made))
    account = trader.account(LINEAR)
    trader.connection.close()
    assert ("one_way_mode", "crossed", 20) == (
        account["posMode"],
        account["marginMode"],
        account["crossedMarginLeverage"],
    )
    assert "0" == account["accountEquity"]


def test_a_known_uid_gets_a_further_key_and_the_money_that_comes_with_it(operator: Operator) -> None:
    """Settings may be said again, but not be changed that way, and nothing happens when that is tried."""
    isolated = {"uid": "bob", "marginMode": "isolated", "leverage": 7}
    first = operator.ask("POST", "/_venue/accounts", isolated | {"balances": {"USDT": "1"}})
    second = operator.ask("POST", "/_venue/accounts", {"uid": "bob", "balances": {"USDT": "2"}})
    third = operator.ask("POST", "/_venue/accounts", isolated | {"posMode": "one_way_mode"})
    assert 3 == len({made["apiKey"] for made in (first, second, third)})
    before = operator.digest()
    answer = operator.call("POST", "/_venue/accounts", {"uid": "bob", "posMode": "hedge_mode"})
    refused(answer, 409, "account_exists")
    assert before == operator.digest()
    assert "3" == operator.ask("GET", "/_venue/accounts/bob")["balances"]["USDT"]["wallet"]


@pytest.mark.parametrize(
    ("body", "reason", "text"),
    [
        ({"balance": {"USDT": "1"}}, "invalid_request", "unknown field `balance`"),
        ({"balances": {"USDT": 1}}, "invalid_request", "Expected `str`, got `int`"),
        ({"balances": {"DOGE": "1"}}, "unknown_coin", "'DOGE' is the margin coin of no contract"),
        ({"balances": {"USDT": "-1"}}, "invalid_amount", "negative"),
        ({"balances": {"USDT": "1e3"}}, "invalid_amount", "'1e3'"),
        ({"balances": {"USDT": "0.000000001"}}, "invalid_amount", "8 decimals"),
        ({"balances": {"USDT": "9" * 40}}, "invalid_amount", "more than"),
        ({"uid": "0"}, "invalid_uid", "the house's"),
        ({"uid": "a b"}, "invalid_uid", "'a b'"),
        ({"uid": "x" * 33}, "invalid_uid", "1 to 32"),
        ({"posMode": "hedge"}, "invalid_request", "posMode"),
        ({"leverage": 0}, "invalid_leverage", "between 1 and"),
        ({"leverage": "ten"}, "invalid_leverage", "'ten'"),
        ({"permissions": ["admin"]}, "invalid_request", "permissions"),
    ],
)
def test_an_account_that_cannot_be_opened(
    operator: Operator, body: dict[str, Any], reason: str, text: str
) -> None:
    """Each mistake is named, and no account, key or money appears."""
    before = operator.digest()
    assert text in refused(operator.call("POST", "/_venue/accounts", body), 400, reason)
    assert before == operator.digest()


def test_money_comes_and_goes(operator: Operator) -> None:
    """Deposits add, withdrawals take no more than there is; the answer has the wallet."""
    operator.ask("POST", "/_venue/accounts", {"uid": "carol"})
    path = "/_venue/accounts/carol/transfers"
    assert "10" == operator.ask("POST", path, {"coin": "USDT", "amount": "10"})["wallet"]
    assert "7.5" == operator.ask("POST", path, {"coin": "usdt", "amount": "-2.5"})["wallet"]
    refused(operator.call("POST", path, {"coin": "USDT", "amount": "-8"}), 409, "insufficient_funds")
    refused(operator.call("POST", path, {"coin": "EUR", "amount": "8"}), 400, "unknown_coin")
    refused(operator.call("POST", path, {"coin": "USDT"}), 400, "invalid_request")
    nobody = operator.call("POST", "/_venue/accounts/nobody/transfers", {"coin": "USDT", "amount": "1"})
    refused(nobody, 404, "unknown_account")
    assert "7.5" == operator.ask("GET", "/_venue/accounts/carol")["balances"]["USDT"]["wallet"]


def test_an_unknown_account_is_not_found(operator: Operator) -> None:
    """Its name is in the text."""
    assert "'nobody'" in refused(operator.call("GET", "/_venue/accounts/nobody"), 404, "unknown_account")


def test_a_book_is_taken_in_any_order_and_sets_prices(operator: Operator, connection: Connection) -> None:
    """Levels are sorted, the ladder before is gone, index and mark are those sent."""
    path = "/_venue/markets/ETHUSDT/book"
    operator.ask("PUT", path, {"bids": [["900", "1"]], "asks": [["1100", "1"]], "index": "1000"})
    answer = operator.ask(
        "PUT",
        path,
        {"bids": [["998", "2"], ["999.5", "1"]], "asks": [["1001", "4"], ["1000", "3"]], "index": "999.75"},
    )
    assert ("ETHUSDT", "999.75", "999.75") == (answer["symbol"], answer["index"], answer["mark"])
    depth = "/api/v2/mix/market/merge-depth?symbol=ETHUSDT&productType=USDT-FUTURES"
    book = connection.exchange("GET", depth, {}, None).body.decode()
    assert '"asks":[[1000,3],[1001,4]],"bids":[[999.5,1],[998,2]]' in book
    operator.ask("PUT", path, {"bids": [], "asks": []})
    assert '"asks":[],"bids":[]' in connection.exchange("GET", depth, {}, None).body.decode()


GOOD_BOOK: dict[str, Any] = {"bids": [["999", "1"]], "asks": [["1000", "1"]]}


@pytest.mark.parametrize(
    ("change", "reason", "text"),
    [
        (
            {"bids": [["999.001", "1"]]},
            "off_grid",
            "bids[0] price '999.001' is not a multiple of the price step 0.01",
        ),
        (
            {"asks": [["1000", "0.001"]]},
            "off_grid",
            "asks[0] size '0.001' is not a multiple of the size step 0.01",
        ),
        ({"asks": [["1000", "0"]]}, "invalid_level", "positive"),
        ({"asks": [["-1", "1"]]}, "invalid_level", "positive"),
        ({"asks": [["abc", "1"]]}, "invalid_level", "'abc'"),
        ({"asks": [["9" * 30, "1"]]}, "invalid_level", "too large"),
        ({"asks": [[1000, 1]]}, "invalid_request", "Expected `str`"),
        ({"asks": [["1000"]]}, "invalid_request", "length 2"),
        ({"asks": [["999", "1"]]}, "crossed_book", "not below"),
        ({"bids": [["999", "1"], ["999.0", "2"]]}, "duplicate_price", "twice"),
        ({"bids": [["1", "1"]] * 501}, "too_many_levels", "at most 500"),
        ({"index": "0"}, "invalid_price", "index"),
        ({"mark": "1e5"}, "invalid_price", "mark"),
        ({"mark": "9" * 20}, "invalid_price", "too large"),
        ({"price": "1"}, "invalid_request", "unknown field `price`"),
    ],
)
def test_a_book_that_cannot_be_used(
    operator: Operator, change: dict[str, Any], reason: str, text: str
) -> None:
    """Each mistake is named with its level and the step, and the old book stays."""
    operator.ask("PUT", "/_venue/markets/ETHUSDT/book", GOOD_BOOK)
    before = operator.ask("GET", "/_venue/audit")["sequence"]
    answer = operator.call("PUT", "/_venue/markets/ETHUSDT/book", GOOD_BOOK | change)
    assert text in refused(answer, 400, reason)
    assert before == operator.ask("GET", "/_venue/audit")["sequence"]


def test_a_price_is_set(operator: Operator) -> None:
    """The mark follows the index unless it is given."""
    path = f"/_venue/markets/{INVERSE.symbol.lower()}/price"
    assert ("1200.5", "1200.5") == prices(operator.ask("PUT", path, {"index": "1200.5"}))
    assert ("1201", "1200.25") == prices(operator.ask("PUT", path, {"index": "1201", "mark": "1200.25"}))
    refused(operator.call("PUT", path, {"mark": "1"}), 400, "invalid_request")
    refused(operator.call("PUT", "/_venue/markets/NOPE/price", {"index": "1"}), 404, "unknown_symbol")


def prices(answer: Mapping[str, str]) -> tuple[str, str]:
    return answer["index"], answer["mark"]


def test_the_audit_balances(operator: Operator) -> None:
    """Every figure is there, for every coin and symbol, and nothing is left over."""
    audit = operator.ask("GET", "/_venue/audit")
    assert {"USDT", "USDC", "BTC", "ETH"} == set(audit["coins"])
    names = "deposits withdrawals wallets fees insurance house clearing conversion rounding residual"
    for sums in audit["coins"].values():
        assert names.split() == list(sums)
        assert "0" == sums["residual"]
    assert {"longLots": 0, "shortLots": 0} == audit["symbols"]["BTCUSDT"]
    assert 64 == len(audit["digest"])


def test_reading_changes_nothing(operator: Operator) -> None:
    """Sequence and digest stay as they are however often one looks."""
    before = operator.ask("GET", "/_venue/audit")
    for path in ("/_venue/health", "/_venue/ready", "/_venue/accounts/0", "/_venue/audit"):
        operator.ask("GET", path)
    assert before == operator.ask("GET", "/_venue/audit")


def test_metrics_count_what_happens(operator: Operator, connection: Connection) -> None:
    """Answers by endpoint and code, refusals by reason, batches, the journal's sequence."""
    connection.exchange("GET", "/api/v2/public/time", {}, None)
    connection.exchange("GET", "/nothing", {}, None)
    operator.call("POST", "/_venue/accounts/nobody/transfers", {"coin": "USDT", "amount": "1"})
    text = connection.exchange("GET", "/metrics", {}, None).body.decode()
    sequence = operator.audit()["sequence"]
    for line in (
        'backhand_requests_total{code="00000",endpoint="/api/v2/public/time"} 1.0',
        'backhand_requests_total{code="40404",endpoint="unknown"} 1.0',
        'backhand_request_seconds_count{endpoint="/api/v2/public/time"} 1.0',
        f"backhand_journal_sequence {sequence}.0",
        "backhand_open_orders 0.0",
    ):
        assert line in text
    assert 'backhand_engine_refusals_total{reason="unknown_account"}' in text
    assert "backhand_batch_commands_count" in text
    assert "backhand_commit_seconds_sum" in text


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Host": "evil.example"}, 403, "foreign_host"),
        ({"Host": "127.0.0.1.evil.example"}, 403, "foreign_host"),
        ({"Host": "[::1"}, 403, "foreign_host"),
        ({"Host": "localhost:1", "Origin": "http://evil.example"}, 403, "foreign_origin"),
        ({"Host": "localhost:1", "Origin": "null"}, 403, "foreign_origin"),
        ({"Host": "localhost:1", "Origin": "http://localhost:2"}, 403, "foreign_origin"),
        ({"Host": "localhost:1", "Content-Type": "text/plain"}, 415, "json_required"),
        ({"Host": "localhost:1", "Content-Type": ""}, 415, "json_required"),
    ],
)
def test_web_pages_are_kept_out(
    venue: VenueProcess, operator: Operator, headers: dict[str, str], status: int, reason: str
) -> None:
    """Whatever a page in somebody's browser can send is refused, and nothing happens."""
    before = operator.digest()
    answer = sent(venue, "POST", "/_venue/accounts", {"Content-Type": "application/json"} | headers, b"{}")
    refused(answer, status, reason)
    assert before == operator.digest()


def test_programs_of_this_machine_are_let_in(venue: VenueProcess) -> None:
    """Loopback names and a page of the venue's own origin may."""
    for headers in (
        {"Host": "localhost"},
        {"Host": "127.0.0.1:8080"},
        {"Host": "[::1]:8080"},
        {"Host": "localhost:8080", "Origin": "http://localhost:8080"},
    ):
        assert 200 == sent(venue, "GET", "/_venue/ready", headers, b"").status


def sent(venue: VenueProcess, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """One request whose Host is chosen by the test."""
    import http.client  # noqa: PLC0415 (only this sends a Host of its own)

    connection = http.client.HTTPConnection(venue.host, venue.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    answer = Answer(response.status, dict(response.getheaders()), response.read())
    connection.close()
    return answer


def test_what_is_not_there_is_told_in_json(operator: Operator) -> None:
    """Unknown paths, wrong methods, broken and oversized bodies have this API's error form."""
    refused(operator.call("GET", "/_venue/nothing"), 404, "not_found")
    refused(operator.call("GET", "/_venue/audit/"), 404, "not_found")
    refused(operator.call("POST", "/_venue/accounts/", {}), 404, "not_found")
    refused(operator.call("DELETE", "/_venue/audit"), 405, "method_not_allowed")
    assert "GET, HEAD" == operator.call("DELETE", "/_venue/audit").headers["allow"]
    headers = {"Content-Type": "application/json"}
    exchange = operator.connection.exchange
    refused(exchange("POST", "/_venue/accounts", headers, b"{"), 400, "invalid_json")
    refused(exchange("POST", "/_venue/accounts", headers, b"[" * 100_000), 400, "invalid_request")
    refused(exchange("POST", "/_venue/accounts", headers, b'{"uid": "\xff"}'), 400, "invalid_json")
    refused(exchange("POST", "/_venue/accounts", headers, b"[]"), 400, "invalid_request")
    large = json.dumps({"uid": "x" * 1_000_001}).encode()
    refused(exchange("POST", "/_venue/accounts", headers, large), 413, "body_too_large")
