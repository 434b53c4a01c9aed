"""`backhand serve` as a process: how it starts, what it refuses, how it stops, what it keeps."""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import backhand
from tests.http.venue import (
    LINEAR,
    MIX,
    Connection,
    Operator,
    Trader,
    VenueProcess,
    front_door,
)

MEMORY = ("--memory", "--market", "manual")
BOOK = ([("999", "100000")], [("1000", "100000")], "1000")


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """A venue on a data folder; each test starts it."""
    process = VenueProcess(tmp_path / "venue.log", ("--data", str(tmp_path / "data"), "--market", "manual"))
    yield process
    process.stop()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*front_door(), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"} | environment,
    )


@contextlib.contextmanager
def operating(venue: VenueProcess) -> Iterator[Operator]:
    operator = venue.operator
    try:
        yield operator
    finally:
        operator.connection.close()


@contextlib.contextmanager
def trading(trader: Trader) -> Iterator[Trader]:
    try:
        yield trader
    finally:
        trader.connection.close()


def process_of(venue: VenueProcess) -> subprocess.Popen[bytes]:
    """The running process itself, for what happens to processes."""
    process = venue._process  # noqa: SLF001 (only these tests look behind it)
    assert process is not None
    return process


def test_the_ready_line_is_all_that_standard_output_says(tmp_path: Path) -> None:
    """One JSON line with the addresses and the process id, when the venue really answers; then nothing."""
    process = subprocess.Popen(
        [*front_door(), "serve", *MEMORY, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        address = re.fullmatch(r"http://127\.0\.0\.1:(\d+)", ready["rest"])
        assert address is not None
        port = int(address[1])
        assert {
            "event": "ready",
            "rest": f"http://127.0.0.1:{port}",
            "ws": f"ws://127.0.0.1:{port}",
            "pid": process.pid,
        } == ready
        connection = Connection("127.0.0.1", port)
        assert 200 == connection.exchange("GET", "/_venue/ready", {}, None).status
        connection.close()
        process.send_signal(signal.SIGTERM)
        output, log = process.communicate(timeout=30)
        assert (0, b"") == (process.returncode, output)
        assert b"stopped" in log
    finally:
        process.kill()
        process.communicate()
    assert [] == list(tmp_path.iterdir())


def test_without_options_everything_is_kept_in_memory_and_that_is_said(tmp_path: Path) -> None:
    """The default leaves no files, trades on the synthetic market, and says what it does not keep."""
    venue = VenueProcess(tmp_path / "venue.log", ()).start()
    with operating(venue) as operator, trading(operator.trader(balances={"USDT": "100000"})) as trader:
        trader.market(LINEAR, "buy", "1")
        assert "+1" == trader.held(LINEAR)
    assert 0 == venue.terminate()
    assert "in memory" in (tmp_path / "venue.log").read_text()


def test_interrupt_stops_like_terminate(venue: VenueProcess) -> None:
    """Ctrl+C is a request to stop, not an error."""
    venue.start()
    process_of(venue).send_signal(signal.SIGINT)
    assert 0 == venue.terminate()


def test_what_is_in_flight_is_answered_before_the_process_ends(venue: VenueProcess) -> None:
    """A request whose body is still on its way when the stop is asked for is executed and answered."""
    venue.start()
    with operating(venue) as operator, trading(operator.trader(balances={"USDT": "100000"})) as trader:
        operator.set_book(LINEAR, *BOOK)
        credentials = trader.credentials
        body = json.dumps(
            LINEAR.names | {"marginMode": "crossed", "orderType": "market", "side": "buy", "size": "1"}
        ).encode()
        path = f"{MIX}/order/place-order"
        headers = trader.signed("POST", path, body)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection((venue.host, venue.port), timeout=30) as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                f"Content-Length: {len(body)}\r\n{head}\r\n".encode()
            )
            assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
            process_of(venue).send_signal(signal.SIGTERM)
            wait_until_refused(venue)
            connection.sendall(body)
            answer = connection.recv(65_536)
            assert b'"code":"00000"' in answer
        assert 0 == venue.terminate()
    venue.start()
    with trading(venue.trader(credentials)) as trader:
        assert "+1" == trader.held(LINEAR)


def wait_until_refused(venue: VenueProcess) -> None:
    """Connect until nobody listens any more."""
    refused = False
    while not refused:
        try:
            # Reset: the system had taken the connection already when the listener was closed.
            with contextlib.suppress(ConnectionResetError):
                socket.create_connection((venue.host, venue.port), timeout=30).close()
        except ConnectionRefusedError:
            refused = True


def test_a_killed_venue_comes_back_with_everything_that_was_acknowledged(venue: VenueProcess) -> None:
    """Keys, settings, positions, orders, fills and money survive SIGKILL, twice, and ids go on."""
    venue.start()
    with operating(venue) as operator, trading(operator.trader(balances={"USDT": "100000"})) as trader:
        operator.set_book(LINEAR, *BOOK)
        trader.set_leverage(LINEAR, leverage="5")
        trader.market(LINEAR, "buy", "3")
        reversed_id = trader.reverse(LINEAR, clientOid="mine").data["orderId"]
        resting = trader.limit(LINEAR, "buy", "1", "990")
        digest = operator.digest()
        account, credentials = trader.account(LINEAR), trader.credentials
    for _ in range(2):
        venue.kill()
        venue.start()
        with operating(venue) as operator, trading(venue.trader(credentials)) as trader:
            assert digest == operator.digest()
            assert ("-3", account) == (trader.held(LINEAR), trader.account(LINEAR))
            assert "filled" == trader.order(LINEAR, reversed_id)["state"]
            assert reversed_id == trader.detail(LINEAR, clientOid="mine").data["orderId"]
            assert [resting] == [row["orderId"] for row in trader.pending(LINEAR)]
            assert "40786" == trader.reverse(LINEAR, clientOid="mine").code
    with operating(venue) as operator, trading(venue.trader(credentials)) as trader:
        assert int(resting) < int(trader.limit(LINEAR, "buy", "1", "990"))
        assert operator.open_key(uid=credentials.uid).api_key != credentials.api_key


def test_read_models_that_were_deleted_are_made_again(venue: VenueProcess, tmp_path: Path) -> None:
    """The journal alone brings back orders and fills of the past."""
    venue.start()
    with operating(venue) as operator, trading(operator.trader(balances={"USDT": "100000"})) as trader:
        operator.set_book(LINEAR, *BOOK)
        order_id = trader.market(LINEAR, "buy", "3")
        credentials, fills = trader.credentials, trader.fills(LINEAR)
    assert 0 == venue.terminate()
    for file in (tmp_path / "data").glob("history.db*"):
        file.unlink()
    venue.start()
    with trading(venue.trader(credentials)) as trader:
        assert "filled" == trader.order(LINEAR, order_id)["state"]
        assert fills == trader.fills(LINEAR)


def test_a_full_disk_ends_the_process_and_loses_nothing_acknowledged(venue: VenueProcess) -> None:
    """The request that meets it is told "unknown", the exit code is 70, and a restart has all the others."""
    venue.start()
    with operating(venue) as operator, trading(operator.trader(balances={"USDT": "100000"})) as trader:
        operator.set_book(LINEAR, *BOOK)
        credentials = trader.credentials
        process = process_of(venue)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (150_000, 150_000))
        done = []
        for number in range(5_000):
            answer = (
                trader.cancel(LINEAR, str(number)) if number else trader.place(LINEAR, side="buy", size="1")
            )
            if answer.code == "40725":
                break
            done.append(answer.code)
        assert 70 == process.wait(30)
    venue.kill()
    venue.start()
    with operating(venue) as operator, trading(venue.trader(credentials)) as trader:
        assert done[0] == "00000"
        assert "+1" == trader.held(LINEAR)
        assert len([code for code in done if code != "429"]) <= operator.audit()["sequence"]


def test_a_data_folder_in_use_is_refused(venue: VenueProcess, tmp_path: Path) -> None:
    """A second process on the folder ends with 75 and names the first."""
    venue.start()
    second = run("serve", "--data", str(tmp_path / "data"), "--port", "0")
    assert 75 == second.returncode
    assert "in use by process" in second.stderr
    assert "" == second.stdout


def test_a_lost_key_file_is_told_at_the_start(venue: VenueProcess, tmp_path: Path) -> None:
    """Without the key no client could sign in, so the venue does not start as if all were well."""
    venue.start()
    with operating(venue) as operator:
        operator.open_key()
    assert 0 == venue.terminate()
    key_file = tmp_path / "data" / "secrets.key"
    key_file.unlink()
    refused = run("serve", "--data", str(tmp_path / "data"), "--port", "0")
    assert 65 == refused.returncode
    assert "key file" in refused.stderr


def test_secrets_are_not_readable_in_the_data_folder(venue: VenueProcess, tmp_path: Path) -> None:
    """Neither secret nor passphrase is in any file or in the log, and files are the owner's alone."""
    venue.start()
    with operating(venue) as operator:
        credentials = operator.open_key()
    assert 0 == venue.terminate()
    files = [*(tmp_path / "data").iterdir(), tmp_path / "venue.log"]
    for file in files:
        content = file.read_bytes()
        assert credentials.secret.encode() not in content
        assert credentials.passphrase.encode() not in content
    assert {0o600} == {file.stat().st_mode & 0o777 for file in (tmp_path / "data").iterdir()}


def test_equal_seeds_give_equal_keys_prices_and_ids(tmp_path: Path) -> None:
    """With a seed two venues that are asked the same answer the same."""
    seen = []
    for number in range(2):
        venue = VenueProcess(tmp_path / f"{number}.log", ("--seed", "7", *MEMORY)).start()
        with operating(venue) as operator, trading(operator.trader()) as trader:
            operator.set_book(LINEAR, *BOOK)
            seen.append((trader.credentials, trader.market(LINEAR, "buy", "1"), operator.digest()))
        venue.stop()
    assert seen[0] == seen[1]


def test_a_token_is_asked_for_when_there_is_one(tmp_path: Path) -> None:
    """Beyond loopback the operator's API opens with the token only, whatever the Host is called."""
    token_file = tmp_path / "token"
    token_file.write_text("correct horse battery\n")
    options = (*MEMORY, "--host", "0.0.0.0", "--control-token-file", str(token_file))  # noqa: S104
    venue = VenueProcess(tmp_path / "venue.log", options).start()
    connection = Connection("127.0.0.1", venue.port)
    statuses = [
        connection.exchange("GET", "/_venue/audit", headers, None).status
        for headers in (
            {},
            {"Authorization": "Bearer wrong horse battery"},
            {"Authorization": "Basic correct horse battery"},
            {"Authorization": "Bearer correct horse battery"},
        )
    ]
    assert 401 == connection.exchange("GET", "/metrics", {}, None).status
    connection.close()
    assert [401, 401, 401, 200] == statuses
    assert 0 == venue.terminate()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--host", "0.0.0.0"), "needs --control-token-file"),  # noqa: S104 (it is refused)
        (("--clock", "scaled:0"), "is not known"),
        (("--clock", "scaled:1e3"), "is not known"),
        (("--clock", "scaled:65537"), "is not known"),
        (("--clock", "fast"), "is not known"),
        (("--market", "replay:prices.csv"), "comes with a later release"),
        (("--market", "real"), "is not known"),
        (("--memory", "--data", "x"), "exclude each other"),
        (("--limits", "maybe"), "'maybe'"),
        (("--ip-limits", "--limits", "off"), "exclude each other"),
        (("--ip-limits", "--clock", "frozen"), "needs --limits on"),
        (("--port", "65536"), "--port"),
        (("--seed", "x"), "--seed"),
        (("--fidelity", "one_way_size=both"), "is not known; use one_way_size=ignore|honour, maintenance="),
        (("--fidelity", "maintenance=none"), "maintenance=none is not known"),
        (("--fidelity", "position_limit"), "position_limit is not known"),
        (("--contracts", "missing.json"), "missing.json"),
        (("--control-token-file", "missing"), "missing"),
        (("--nothing",), "--nothing"),
    ],
)
def test_options_that_do_not_work_are_refused_with_2(arguments: tuple[str, ...], text: str) -> None:
    """The text names the option, and nothing is started."""
    refused = run("serve", *arguments)
    assert (2, "") == (refused.returncode, refused.stdout)
    assert text in refused.stderr


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "not a JSON list"),
        ('[{"symbol": "ETHUSDT", "pricePlace": "x"}]', "pricePlace"),
        ('[{"symbol": "ETHUSDT", "tick": "1"}]', "tick"),
    ],
)
def test_contracts_that_cannot_be_read_are_refused(tmp_path: Path, content: str, text: str) -> None:
    """The text names file and field."""
    file = tmp_path / "contracts.json"
    file.write_text(content)
    refused = run("serve", "--contracts", str(file))
    assert 2 == refused.returncode
    assert text in refused.stderr
    assert "contracts.json" in refused.stderr


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    """A file without a token protects nothing."""
    file = tmp_path / "token"
    file.write_text("\n")
    refused = run("serve", "--control-token-file", str(file))
    assert 2 == refused.returncode
    assert "no token" in refused.stderr


def test_a_short_token_is_taken_with_a_warning(tmp_path: Path) -> None:
    """Any token opens the operator's API, and the log says of one that could be guessed that it could."""
    file = tmp_path / "token"
    file.write_text("secret")
    options = (*MEMORY, "--host", "0.0.0.0", "--control-token-file", str(file))  # noqa: S104
    venue = VenueProcess(tmp_path / "venue.log", options).start()
    connection = Connection("127.0.0.1", venue.port)
    answer = connection.exchange("GET", "/_venue/audit", {"Authorization": "Bearer secret"}, None)
    connection.close()
    assert (200, 0) == (answer.status, venue.terminate())
    assert "can be guessed" in venue.log_path.read_text()


def test_a_taken_port_is_refused() -> None:
    """The text names the address, the exit code is 69."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = run("serve", "--memory", "--port", port)
    assert 69 == refused.returncode
    assert port in refused.stderr


def test_version_and_help() -> None:
    """Both answer on standard output; the help names every option and shows how to begin."""
    assert f"backhand {backhand.__version__}\n" == run("--version").stdout
    text = run("serve", "--help").stdout
    names = "host port data memory market seed clock limits contracts fidelity control-token-file"
    for name in names.split():
        assert f"--{name}" in text
    assert "curl -X POST" in text
    assert "serve" in run("--help").stdout
