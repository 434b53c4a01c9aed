"""The venue in process: what it does alone, and that it does what a served one does."""

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from backhand import Venue
from backhand.client import (
    Client,
    Credentials,
    InsufficientMargin,
    NotFound,
    NothingHeld,
    QuoteRefused,
    Refused,
)
from backhand.clock import FROZEN_START_MS, ClockRefused
from backhand.events import Fill, PositionReversed
from backhand.venue import VenueAccount
from backhand.venue.kept import Kept
from tests.http.venue import LINEAR, VenueProcess

BIDS, ASKS = [("2999", "50"), ("2990", "500")], [("3001", "50"), ("3010", "500")]
SEED = 7


@pytest.fixture
def venue() -> Venue:
    """A venue with a book of ETHUSDT around 3000."""
    venue = Venue(seed=SEED)
    venue.set_book("ETHUSDT", BIDS, ASKS, index="3000")
    return venue


@pytest.fixture
def trader(venue: Venue) -> VenueAccount:
    return venue.open_account({"USDT": "100000"})


def held(trader: Client) -> list[tuple[str, Decimal]]:
    return [(leg.hold_side, leg.total) for leg in trader.positions("ETHUSDT")]


def test_a_reversal_is_its_quote(venue: Venue, trader: VenueAccount) -> None:
    """Quoted and committed: the same size, price and fee; then the position is the other way round."""
    trader.place_order("ETHUSDT", "buy", Decimal(60))
    quote = trader.quote("ETHUSDT")
    done = trader.reverse("ETHUSDT", quote_id=quote.quote_id)
    assert done.opened is not None
    assert (quote.open_leg.size, quote.open_leg.average_price, quote.open_leg.fee) == (
        done.opened.filled_size,
        done.opened.average_price,
        done.opened.fee,
    )
    assert [("short", Decimal(60))] == held(trader)
    reversed_ = [
        event for applied in venue.events() for event in applied.events if isinstance(event, PositionReversed)
    ]
    assert 1 == len(reversed_)


def test_a_receipt_tells_both_legs_and_the_difference_from_the_quote(
    venue: Venue, trader: VenueAccount
) -> None:
    """Found by its id and by the orders of both legs; sums are of the fills; without a journal no hash."""
    trader.place_order("ETHUSDT", "buy", 50)
    quote = trader.quote("ETHUSDT")
    venue.set_book("ETHUSDT", [("2999.5", "50"), ("2990", "500")], ASKS)
    done = trader.reverse("ETHUSDT", quote_id=quote.quote_id)
    told = trader.receipt(client_oid=done.client_oid)
    legs = (told.close_leg, told.open_leg)
    assert [told, told] == [trader.receipt(order_id=leg.order_id) for leg in legs]
    assert ("long", done.order_id, "") == (told.reversed_side, told.open_leg.order_id, told.record_hash)
    for leg in legs:
        assert (leg.filled_size, leg.fee, leg.realized_profit) == (
            sum(fill.size for fill in leg.fills),
            sum(fill.fee for fill in leg.fills),
            sum(fill.realized_profit for fill in leg.fills),
        )
    assert told.quoted is not None
    assert told.difference is not None
    assert quote.close_leg.average_price == told.quoted.close_average_price
    assert (Decimal("0.5"), Decimal(0)) == (
        told.difference.close_average_price,
        told.difference.open_average_price,
    )


def test_a_receipt_is_its_owners(venue: Venue, trader: VenueAccount) -> None:
    """Neither a plain order nor another account has one."""
    trader.place_order("ETHUSDT", "buy", 1, client_oid="plain")
    done = trader.reverse("ETHUSDT")
    other = venue.open_account({"USDT": "1"})
    for asker, name in ((trader, {"client_oid": "plain"}), (other, {"order_id": done.order_id})):
        with pytest.raises(NotFound):
            asker.receipt(**name)


def test_a_refusal_is_explained_to_its_owner(venue: Venue, trader: VenueAccount) -> None:
    """The rule's own name and the figures that it judged by, under the id of the refused request."""
    with pytest.raises(NothingHeld) as refusal:
        trader.reverse("ETHUSDT")
    (one,) = trader.explain(refusal.value.request_id).refusals
    assert (refusal.value.code, refusal.value.reason, "3000") == (
        one.code,
        one.reason,
        one.facts["markPrice"],
    )
    with pytest.raises(NotFound):
        venue.open_account().explain(refusal.value.request_id)


def test_a_refused_cancellation_of_a_waiting_order_is_explained(trader: VenueAccount) -> None:
    """Its refusal has the id of a request as any other's has."""
    with pytest.raises(Refused) as refusal:
        trader.cancel_waiting("ETHUSDT", "1")
    (one,) = trader.explain(refusal.value.request_id).refusals
    assert (refusal.value.code, refusal.value.reason) == (one.code, one.reason)


def test_a_quote_changes_nothing_and_expires_with_venue_time(venue: Venue, trader: VenueAccount) -> None:
    """Asking costs no state; ten seconds of venue time later the answer is worth nothing."""
    trader.place_order("ETHUSDT", "buy", 1)
    before = venue.digest(), venue.sequence
    quote = trader.quote("ETHUSDT")
    assert before == (venue.digest(), venue.sequence)
    venue.advance("11s")
    with pytest.raises(QuoteRefused) as refusal:
        trader.reverse("ETHUSDT", quote_id=quote.quote_id)
    assert "98001" == refusal.value.code


@pytest.mark.parametrize(
    ("ask", "kind", "reason", "code"),
    [
        (lambda one: one.reverse("ETHUSDT"), NothingHeld, "no_position_to_reverse", "40757"),
        (
            lambda one: (one.set_leverage("ETHUSDT", 5), one.place_order("ETHUSDT", "buy", "500")),
            InsufficientMargin,
            "insufficient_margin",
            "40762",
        ),
        (lambda one: one.place_order("BTCUSDT", "buy", "1"), Refused, "no_index_price", ""),
        (lambda one: one.place_order("ETHUSDT", "buy", "0.001"), Refused, "", "40808"),
        (lambda one: one.withdraw("USDT", "200000"), InsufficientMargin, "insufficient_funds", "43012"),
        (lambda one: one.cancel_waiting("ETHUSDT", "1"), Refused, "unknown_trigger", "43025"),
    ],
)
def test_a_refusal_has_reason_code_and_text(
    trader: VenueAccount, ask: Callable[[VenueAccount], object], kind: type[Refused], reason: str, code: str
) -> None:
    """One family of exceptions, whoever refuses; the reason is "" where the engine was not asked."""
    with pytest.raises(Refused) as refusal:
        ask(trader)
    assert kind is type(refusal.value)
    assert reason == refusal.value.reason
    assert code in {"", refusal.value.code}
    assert refusal.value.text


def test_a_reason_does_not_outlive_its_refusal(trader: VenueAccount) -> None:
    """What the engine said of one request is not said of the next, which it never saw."""
    with pytest.raises(Refused):
        trader.reverse("ETHUSDT")
    with pytest.raises(Refused) as refusal:
        trader.place_order("ETHUSDT", "buy", "0.001")
    assert "" == refusal.value.reason


def test_time_stands_still_until_it_is_stepped(venue: Venue, trader: VenueAccount) -> None:
    """A frozen clock starts where every run starts; a step of eight hours settles funding."""
    assert FROZEN_START_MS == venue.now_ms
    trader.place_order("ETHUSDT", "buy", 10)
    venue.advance("7h59m")
    venue.advance(dt.timedelta(minutes=1))
    assert FROZEN_START_MS + 8 * 3_600_000 == venue.now_ms
    assert any(
        "FundingPaid" == type(event).__name__ for applied in venue.events() for event in applied.events
    )
    venue.advance_to("2025-01-02T00:00:00Z")
    assert FROZEN_START_MS + 24 * 3_600_000 == venue.now_ms == trader.server_time()
    with pytest.raises(ClockRefused):
        venue.advance_to(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(ValueError, match="duration"):
        venue.advance("soon")


def test_waiting_orders_wait_and_fire(venue: Venue, trader: VenueAccount) -> None:
    """A plan order and a stop-loss are listed, fire at their prices, and one is cancelled by hand."""
    trader.place_order("ETHUSDT", "buy", 2)
    trader.place_protection("ETHUSDT", "pos_loss", "long", "2900")
    plan = trader.place_plan_order("ETHUSDT", "buy", 1, "2800", price="2800")
    assert [("position_stop_loss", None), ("entry", Decimal(1))] == [
        (one.kind, one.size) for one in trader.waiting_orders("ETHUSDT")
    ]
    trader.cancel_waiting("ETHUSDT", plan)
    venue.set_price("ETHUSDT", "2890", "2890")
    venue.set_book("ETHUSDT", [("2889", "50")], [("2891", "50")], index="2890", mark="2890")
    assert ([], []) == (held(trader), trader.waiting_orders())


def test_events_are_read_from_where_one_left_off(venue: Venue, trader: VenueAccount) -> None:
    """Each command with its sequence, its venue time and what came of it."""
    after = venue.sequence
    trader.place_order("ETHUSDT", "sell", 3, client_oid="mine")
    (applied,) = venue.events(after)
    assert (after + 1, venue.now_ms) == (applied.sequence, applied.time_ms)
    assert [trader.uid, "0"] == [event.uid for event in applied.events if isinstance(event, Fill)]
    assert [] == venue.events(venue.sequence)


def test_money_is_where_the_audit_says(venue: Venue, trader: VenueAccount) -> None:
    """Deposits less withdrawals are wallets, fees and the house, to the last unit."""
    trader.place_order("ETHUSDT", "buy", 7)
    trader.reverse("ETHUSDT")
    trader.deposit("usdt", "0.5")
    trader.withdraw("USDT", Decimal("0.25"))
    books = venue.audit()
    usdt = books.coins["USDT"]
    assert (Decimal("100000.5"), Decimal("0.25"), Decimal(0)) == (
        usdt.deposits,
        usdt.withdrawals,
        usdt.residual,
    )
    assert usdt.deposits - usdt.withdrawals == (
        usdt.wallets + usdt.fees + usdt.house + usdt.clearing + usdt.rounding + usdt.insurance
    )
    lots = books.symbols["ETHUSDT"]
    assert (lots.long_lots, venue.digest()) == (lots.short_lots, books.digest)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda venue: venue.set_book("ETHUSDT", [("3001", "1")], [("3000", "1")]),
        lambda venue: venue.set_book("ETHUSDT", [("2999.001", "1")], []),
        lambda venue: venue.set_book("DOGEUSDT", [], []),
        lambda venue: venue.set_price("ETHUSDT", "-1"),
        lambda venue: venue.open_account({"SHELLS": "1"}),
        lambda venue: venue.open_account(leverage=0),
    ],
)
def test_an_operators_mistake_is_a_value_error(venue: Venue, mistake: Callable[[Venue], object]) -> None:
    """What no rule needs to judge is said where it was written, and changes nothing of money or book."""
    digest = venue.digest()
    with pytest.raises(ValueError, match=r"\w"):
        mistake(venue)
    assert digest == venue.digest()


@pytest.mark.parametrize("amount", ["0", "-1", Decimal(0), "nothing"])
def test_money_moves_by_amounts_above_zero(trader: VenueAccount, amount: str | Decimal) -> None:
    """A deposit of nothing, or of less, is a mistake of the caller's."""
    with pytest.raises(ValueError, match=r"number|amount"):
        trader.deposit("USDT", amount)


def test_accounts_are_found_by_uid(venue: Venue) -> None:
    """An account is one object; opening it twice is refused, asking for a stranger is a KeyError."""
    alice = venue.open_account({"USDC": 5}, uid="alice", hedge_mode=True, margin_mode="isolated", leverage=5)
    assert alice is venue.account("alice")
    settings = alice.account("ETHPERP")
    assert ("hedge_mode", "isolated", Decimal(5)) == (
        settings.pos_mode,
        settings.margin_mode,
        settings.available,
    )
    with pytest.raises(Refused) as refusal:
        venue.open_account(uid="alice")
    assert "account_exists" == refusal.value.reason
    with pytest.raises(KeyError):
        venue.account("bob")


def test_only_the_newest_ended_orders_are_kept(venue: Venue, trader: VenueAccount) -> None:
    """Beyond the bound the oldest ended order is forgotten; an open one never is."""
    resting = trader.place_order("ETHUSDT", "buy", 1, price="2000")
    for _ in range(3):
        trader.place_order("ETHUSDT", "buy", 1)
    kept = Kept(orders_max=2)
    for applied in venue.events():
        kept.fold(applied)
    assert kept.order(trader.uid, int(resting.order_id or ""), None) is not None
    assert [False, True, True] == [
        kept.order(trader.uid, None, f"bh-{number}") is not None for number in (2, 3, 4)
    ]
    assert kept.order("somebody", int(resting.order_id or ""), None) is None


def test_a_receipt_is_forgotten_with_either_of_its_orders(venue: Venue, trader: VenueAccount) -> None:
    """The older leg's order goes first; half a receipt is none."""
    trader.place_order("ETHUSDT", "buy", 1)
    done = trader.reverse("ETHUSDT")
    for orders_max, is_known in ((2, True), (1, False)):
        kept = Kept(orders_max=orders_max)
        for applied in venue.events():
            kept.fold(applied)
        assert is_known == (kept.receipt(trader.uid, int(done.order_id), None) is not None)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A venue process of the same seed, its clock frozen too."""
    log = tmp_path_factory.mktemp("venue") / "served.log"
    options = ("--memory", "--market", "manual", "--clock", "frozen", "--seed", str(SEED))
    process = VenueProcess(log, options).start()
    yield process
    process.stop()


def play(trader: Client) -> list[object]:
    """A few of everything; what each call gave."""
    given: list[object] = [
        trader.set_leverage("ETHUSDT", 10),
        trader.place_order("ETHUSDT", "buy", "60", client_oid="open"),
        trader.place_order("ETHUSDT", "sell", "5", price="3050", client_oid="rest"),
        trader.open_orders("ETHUSDT"),
        trader.book("ETHUSDT"),
        trader.reverse("ETHUSDT", client_oid="turn", worst_price="2990"),
        # Keys are commands of the served venue alone, and so is the journal with the hash of its record.
        msgspec.structs.replace(trader.receipt(client_oid="turn"), sequence=0, record_hash=""),
        trader.order("ETHUSDT", client_oid="turn"),
        trader.positions("ETHUSDT"),
        trader.positions(),
        trader.fills("ETHUSDT"),
        trader.place_order("ETHUSDT", "sell", "1", price="3000", client_oid="give"),
        trader.place_order("ETHUSDT", "buy", "1", price="3000", client_oid="take"),
        trader.fills("ETHUSDT", limit=1),
        trader.order_history("ETHUSDT"),
        trader.account("ETHUSDT"),
        trader.accounts("USDT-FUTURES"),
        trader.ticker("ETHUSDT"),
        trader.contracts("COIN-FUTURES"),
    ]
    for refusable in (
        lambda: trader.reverse("BTCUSDT", client_oid="flat"),
        lambda: trader.place_order("ETHUSDT", "buy", "100000", client_oid="much"),
        lambda: trader.place_order("ETHUSDT", "buy", "1", client_oid="open"),
    ):
        with pytest.raises(Refused) as refusal:
            refusable()
        given.append((type(refusal.value), refusal.value.code, refusal.value.text))
        (explained,) = trader.explain(refusal.value.request_id).refusals
        given.append(msgspec.structs.replace(explained, sequence=0))
    return given


def test_the_same_commands_give_the_same_answers_and_digest(served: VenueProcess) -> None:
    """Through a socket and in process: each answer is equal, and so is the fingerprint of the venue."""
    here = Venue(seed=SEED)
    book = {"bids": BIDS, "asks": ASKS, "index": "3000"}
    operator = served.operator
    operator.ask("PUT", f"/_venue/markets/{LINEAR.symbol}/book", book)
    here.set_book("ETHUSDT", BIDS, ASKS, index="3000")
    key = operator.open_key(balances={"USDT": "100000"})
    account = here.open_account({"USDT": "100000"})
    assert key.uid == account.uid
    assert operator.digest() == here.digest()
    credentials = Credentials(key.api_key, key.secret, key.passphrase)
    with Client(served.base_url, credentials, pacing=False) as client:
        assert play(client) == play(account)
    assert operator.digest() == here.digest()
    operator.ask("POST", "/_venue/clock/advance", {"by": "16h1s"})
    here.advance("16h1s")
    assert operator.digest() == here.digest()
    operator.ask("PUT", f"/_venue/markets/{LINEAR.symbol}/price", {"index": "3333.3"})
    here.set_price("ETHUSDT", "3333.3")
    operator.ask("POST", f"/_venue/accounts/{key.uid}/transfers", {"coin": "USDT", "amount": "-1.5"})
    account.withdraw("USDT", "1.5")
    assert operator.digest() == here.digest()


def test_another_command_gives_another_digest() -> None:
    """The comparison above can fail: one unit of money more, and the fingerprints differ."""
    one, other = Venue(seed=SEED), Venue(seed=SEED)
    assert one.digest() == other.digest()
    one.open_account({"USDT": "1"})
    other.open_account({"USDT": "1.00000001"})
    assert one.digest() != other.digest()
    assert one.digest() != Venue(seed=SEED + 1).digest()


def test_importing_the_package_imports_no_venue() -> None:
    """`import backhand` stays light: neither engine nor network library comes with it."""
    names = ("msgspec", "httpx", "asyncio")
    code = f"import sys, backhand; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    assert "[]\n" == done.stdout
