"""Commands for a venue's operator: `account open|fund|show` and `audit`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import typer

from backhand.cli.connecting import DEFAULT_URL, Url, checked_url
from backhand.cli.exits import EXIT_CODES, Change, Exit, Stop, ending, say
from backhand.cli.printing import Output, OutputOption, RowsTable, console, facts_table, print_json
from backhand.client import NoAnswer, NotFound, OutcomeUnknown, Refused
from backhand.client.transport import AnswerLost, HttpRequest, HttpxTransport

TIMEOUT_SECONDS: Final = 10.0
_OK: Final = range(200, 300)

Token = Annotated[
    Path | None,
    typer.Option(
        "--control-token-file",
        envvar="BACKHAND_CONTROL_TOKEN_FILE",
        help="File with the operator's token, where the venue is not on loopback.",
    ),
]
Balances = Annotated[
    list[str] | None, typer.Argument(metavar="[COIN=AMOUNT]...", help="Money to begin with.")
]

account = typer.Typer(
    help="Open, fund and show accounts of a Backhand venue, as its operator.", no_args_is_help=True
)


class Operator:
    """The operator's API of one venue; it is asked once per command, so nothing is kept open."""

    def __init__(self, url: str, token_file: Path | None) -> None:
        self._transport = HttpxTransport(checked_url(url))
        self._headers = {"Content-Type": "application/json"}
        if token_file is not None:
            try:
                self._headers["Authorization"] = f"Bearer {token_file.read_text().strip()}"
            except OSError as error:
                raise Stop(Exit.CREDENTIALS, f"{token_file} cannot be read: {error.strerror}") from None

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """
        Send one request.

        Raises:
            NotSent, Refused: Nothing was done.
            NoAnswer, OutcomeUnknown: The answer was lost, of a question or of a change.
        """
        raw = b"" if body is None else msgspec.json.encode(body)
        try:
            answer = self._transport.exchange(HttpRequest(method, path, self._headers, raw, TIMEOUT_SECONDS))
            document = msgspec.json.decode(answer.body, type=dict[str, Any])
        except (AnswerLost, msgspec.MsgspecError) as lost:
            if method == "GET":
                raise NoAnswer(f"{path}: {lost}") from None
            raise OutcomeUnknown(path, "", str(lost)) from None
        finally:
            self._transport.close()
        if answer.status in _OK:
            return document
        kind = NotFound if answer.status == 404 else Refused  # noqa: PLR2004 (HTTP's own number)
        reason, detail = str(document.get("error", "")), str(document.get("detail", document.get("msg", "")))
        raise kind(reason or str(document.get("code", "")), detail, answer.status, "")


@account.command(
    "open",
    epilog="[bold]Examples[/bold]\n\n  backhand account open USDT=100000 --save trader.json\n\n"
    "  export BACKHAND_CREDENTIALS=trader.json\n\n"
    "  backhand account open USDT=5000 ETH=2 --hedge --leverage 10 -o json\n\n" + EXIT_CODES,
)
def open_account(
    balances: Balances = None,
    *,
    uid: Annotated[str | None, typer.Option(help="Name it; else it is numbered.")] = None,
    hedge: Annotated[bool, typer.Option("--hedge", help="Hold long and short at once.")] = False,
    isolated: Annotated[bool, typer.Option("--isolated", help="Isolated margin, not crossed.")] = False,
    leverage: Annotated[int | None, typer.Option(min=1, help="20 if not said.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="A key that cannot trade.")] = False,
    save: Annotated[
        Path | None,
        typer.Option(help="Write the key to a new file of mode 0600 for --credentials, and do not print it."),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Open an account with money and a key. The secret is told here, once."""
    with ending():
        body: dict[str, object] = {"balances": dict(_amount(text) for text in balances or ())}
        if uid is not None:
            body["uid"] = uid
        if hedge:
            body["posMode"] = "hedge_mode"
        if isolated:
            body["marginMode"] = "isolated"
        if leverage is not None:
            body["leverage"] = leverage
        if read_only:
            body["permissions"] = ["read"]
        # First, so that no key is made that could not be kept.
        kept = None if save is None else _new_private_file(save)
        with Change() as change:
            change.sent("the account", "Open it once more, with its --uid: that makes another key.")
            try:
                opened = Operator(url, token).ask("POST", "/_venue/accounts", body)
            except BaseException:
                if kept is not None and save is not None:
                    os.close(kept)
                    save.unlink(missing_ok=True)
                raise
            change.done(f"account {opened['uid']} is open")
            if kept is not None:
                secrets = {name: opened[name] for name in ("apiKey", "secretKey", "passphrase")}
                with os.fdopen(kept, "w") as file:
                    json.dump(secrets, file)
                opened = {name: value for name, value in opened.items() if name not in secrets}
                say(f"the key is in {save}: export BACKHAND_CREDENTIALS={save}")
            if output is Output.JSON:
                print_json(opened)
            else:
                console().print(facts_table("Account", opened.items()))


@account.command(
    "fund",
    epilog="[bold]Examples[/bold]\n\n  backhand account fund 1000000001 USDT=500\n\n"
    "  backhand account fund 1000000001 USDT=-500   (takes it out)\n\n" + EXIT_CODES,
)
def fund_account(
    uid: Annotated[str, typer.Argument(help="The account's uid.")],
    amount: Annotated[str, typer.Argument(metavar="COIN=AMOUNT", help="A minus sign takes money out.")],
    *,
    url: Url = DEFAULT_URL,
    token: Token = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put money into an account, or take it out."""
    with ending():
        coin, value = _amount(amount)
        with Change() as change:
            change.sent("the transfer", f"See what it holds with `backhand account show {uid}`.")
            moved = Operator(url, token).ask(
                "POST", f"/_venue/accounts/{quote(uid, safe='')}/transfers", {"coin": coin, "amount": value}
            )
            change.done(f"{value} {coin} was moved")
            if output is Output.JSON:
                print_json(moved)
            else:
                console().print(facts_table("Transfer", moved.items()))


@account.command(
    "show", epilog="[bold]Example[/bold]  backhand account show 1000000001 -o json\n\n" + EXIT_CODES
)
def show_account(
    uid: Annotated[str, typer.Argument(help="The account's uid.")],
    *,
    url: Url = DEFAULT_URL,
    token: Token = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show an account as the engine holds it: money, positions, open orders."""
    with ending():
        seen = Operator(url, token).ask("GET", f"/_venue/accounts/{quote(uid, safe='')}")
        if output is Output.JSON:
            print_json(seen)
            return
        to = console()
        figures = ("wallet", "locked", "available", "equity", "unrealised")
        to.print(
            RowsTable(
                f"Account {uid}",
                ("coin", *figures),
                ((coin, *(sums[name] for name in figures)) for coin, sums in seen["balances"].items()),
                figures,
            )
        )
        legs = ("symbol", "side", "size", "averagePrice", "markPrice", "leverage", "margin", "unrealised")
        to.print(_listed("Positions", legs, seen["positions"], spare=("leverage", "margin")))
        resting = ("orderId", "clientOid", "symbol", "side", "price", "size", "open")
        to.print(_listed("Open orders", resting, seen["openOrders"], spare=("clientOid",)))


def audit(*, url: Url = DEFAULT_URL, token: Token = None, output: OutputOption = Output.TABLE) -> None:
    """
    Sum the venue's books: where all money is, and that longs equal shorts.

    Deposits less withdrawals are the sum of what stands below them; residual is what that leaves, and is 0.
    """
    with ending():
        books = Operator(url, token).ask("GET", "/_venue/audit")
        if output is Output.JSON:
            print_json(books)
            return
        to = console()
        sums = list(next(iter(books["coins"].values()), {}))
        coins = books["coins"].items()
        to.print(
            RowsTable(
                "Money", ("", *books["coins"]), ((name, *(of[name] for _, of in coins)) for name in sums)
            )
        )
        lots = ((symbol, of["longLots"], of["shortLots"]) for symbol, of in books["symbols"].items())
        to.print(RowsTable("Open interest, in lots", ("symbol", "long", "short"), lots, ("long", "short")))
        to.print(f"sequence {books['sequence']}, digest {books['digest']}")


def _listed(
    title: str, columns: tuple[str, ...], rows: list[dict[str, Any]], spare: tuple[str, ...]
) -> RowsTable:
    return RowsTable(title, columns, ([row[name] for name in columns] for row in rows), spare=spare)


def _amount(text: str) -> tuple[str, str]:
    coin, equals, amount = text.partition("=")
    if not (coin and equals and amount):
        raise Stop(Exit.USAGE, f"{text} is no amount like USDT=100000")
    return coin.upper(), amount


def _new_private_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stop(Exit.CREDENTIALS, f"{path} cannot be made: {error.strerror}") from None
