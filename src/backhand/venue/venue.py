"""
The venue in process: accounts, books, prices and the clock, in the caller's thread.

It does with each command what a served venue does with a batch of one, less the journal: time first does
what is due, then the engine applies the command, then the folds take in what happened.
"""

import datetime as dt
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Final, Literal

from backhand.client.refusals import refused
from backhand.client.session import text_of
from backhand.clock import ClockMode, VenueClock
from backhand.commands import (
    AdvanceClock,
    CancelTrigger,
    Command,
    Contract,
    MarginMode,
    OpenAccount,
    Transfer,
)
from backhand.control.requests import (
    BadRequest,
    BookRequest,
    PriceRequest,
    amount_e8,
    deposits_e8,
    known_coin,
    ladder_command,
    leverage_of,
    price_command,
)
from backhand.control.times import duration_ms, instant_ms
from backhand.engine import State, apply
from backhand.engine.digest import state_digest
from backhand.engine.prices import MARK_INTERVAL_MS, tick_is_due
from backhand.events import Rejected
from backhand.explaining import Refusals
from backhand.projections.applied import Applied
from backhand.projections.tickers import TickersFold
from backhand.starting import UNCHANGED, Switches, configuration, new_venue_id, require_taken
from backhand.venue.account import VenueAccount
from backhand.venue.answers import Answers
from backhand.venue.audit import Audit, audit
from backhand.venue.desk import Desk
from backhand.venue.kept import Kept
from backhand.venue.waiting import WaitingOrder, waiting_orders
from backhand.wire.codes import refusal_of
from backhand.wire.contracts import built_in_contracts
from backhand.wire.fields import read_digits

#: Applied commands that `events` remembers; the oldest go first.
EVENTS_KEPT_MAX: Final = 100_000
#: Where generated uids begin: as many digits as the exchange's, and as a served venue's.
FIRST_UID: Final = 1_000_000_001
DEFAULT_LEVERAGE: Final = 20

Number = Decimal | int | str
Levels = Sequence[tuple[Number, Number]]


class Venue:
    """
    A whole venue in one object; not for several threads at once.

    Args:
        seed: Names the venue. Two venues of one seed that are given the same commands have the same
            identifiers, events and digests, and those of `backhand serve --seed`.
        contracts: To add to the built-in ones, or to change them.
        clock: `frozen` stands still until `advance`; `real` follows the wall.

    Raises:
        StartRefused: The engine does not take the contracts.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        contracts: Sequence[Contract] = (),
        switches: Switches = UNCHANGED,
        clock: Literal["frozen", "real"] = "frozen",
    ) -> None:
        mode: ClockMode = clock
        self._clock = VenueClock(mode=mode)
        self._state = State()
        self._kept = Kept()
        self._tickers = TickersFold()
        self._events: deque[Applied] = deque(maxlen=EVENTS_KEPT_MAX)
        self._accounts: dict[str, VenueAccount] = {}
        self._quote_key = hashlib.blake2b(f"backhand quotes {seed}".encode(), digest_size=32).digest()
        self._refusals = Refusals()
        self._requests = count(1)
        self._answers = Answers(self._state, self._kept, self._tickers, self._refusals, self._quote_key)
        #: The second of venue time that was last asked what it changes.
        self._second = 0
        wanted = configuration(
            self._state,
            venue_id=new_venue_id(seed),
            seed=seed,
            switches=switches,
            first_contracts=built_in_contracts(),
            contracts=contracts,
        )
        require_taken(self.submit(wanted))

    def open_account(
        self,
        balances: Mapping[str, Number] | None = None,
        *,
        uid: str | None = None,
        hedge_mode: bool = False,
        margin_mode: MarginMode = "crossed",
        leverage: int = DEFAULT_LEVERAGE,
        copy_trader: bool = False,
    ) -> VenueAccount:
        """
        Open an account and put money into it.

        Args:
            balances: Amounts by coin, such as `{"USDT": "10000"}`.
            uid: None takes the next free number.

        Raises:
            ValueError: An unknown coin, no amount, or a leverage that no contract has.
            Refused: There is such an account.
        """
        try:
            deposits = deposits_e8(
                {coin: text_of(amount) for coin, amount in (balances or {}).items()}, self._coins()
            )
            leverage_of(leverage)
        except BadRequest as error:
            raise ValueError(error.detail) from None
        name = self._unused_uid() if uid is None else uid
        commands: list[Command] = [OpenAccount(name, copy_trader, hedge_mode, margin_mode, leverage)]
        commands.extend(Transfer(name, coin, amount) for coin, amount in deposits.items())
        self._must(self.submit(tuple(commands)))
        return self.account(name)

    def account(self, uid: str) -> VenueAccount:
        """
        Give an account that is open.

        Raises:
            KeyError: There is none.
        """
        if uid not in self._accounts:
            if uid not in self._state.accounts:
                raise KeyError(uid)
            desk = Desk(
                uid,
                self._state,
                self._answers,
                self.submit,
                self._clock.now_ms,
                self._quote_key,
                self._refusals,
                lambda: str(next(self._requests)),
            )
            self._accounts[uid] = VenueAccount(uid, desk, self)
        return self._accounts[uid]

    def set_book(
        self,
        symbol: str,
        bids: Levels,
        asks: Levels,
        *,
        index: Number | None = None,
        mark: Number | None = None,
    ) -> None:
        """
        Replace everything that the house offers of a symbol; levels are (price, size).

        Args:
            index: Index price; without one nothing can be traded, and it stays once given.
            mark: Holds the mark price by hand; None computes it.

        Raises:
            ValueError: Off the grid, crossed, or not a number.
            Refused: No such symbol, or one that does not trade.
        """
        request = BookRequest(_texts(bids), _texts(asks), _optional(index), _optional(mark))
        try:
            command = ladder_command(self._contract(symbol), request)
        except BadRequest as error:
            raise ValueError(error.detail) from None
        self._must(self.submit((command,)))

    def set_price(self, symbol: str, index: Number, mark: Number | None = None) -> None:
        """
        Set a symbol's index price, and hold its mark at a value when one is given.

        Raises:
            ValueError: Not a price above 0.
            Refused: No such symbol.
        """
        try:
            command = price_command(self._contract(symbol), PriceRequest(text_of(index), _optional(mark)))
        except BadRequest as error:
            raise ValueError(error.detail) from None
        self._must(self.submit((command,)))

    @property
    def now_ms(self) -> int:
        """Venue time, in milliseconds since 1970 (UTC)."""
        return self._clock.now_ms()

    def advance(self, by: str | dt.timedelta) -> None:
        """
        Let time pass on a frozen clock, with funding, marks and triggers: `"8h"`, `"1m30s"`, or a timedelta.

        Raises:
            ValueError: No duration.
            ClockRefused: The clock is not frozen.
        """
        try:
            ms = duration_ms(by) if isinstance(by, str) else by // dt.timedelta(milliseconds=1)
        except BadRequest as error:
            raise ValueError(error.detail) from None
        self._advance_to(self.now_ms + ms)

    def advance_to(self, instant: str | dt.datetime) -> None:
        """
        Let time pass on a frozen clock until an instant: `"2026-01-01T00:00:00Z"`, or a datetime with zone.

        Raises:
            ValueError: No instant.
            ClockRefused: The clock is not frozen, or is past it.
        """
        try:
            ms = instant_ms(instant if isinstance(instant, str) else instant.isoformat())
        except BadRequest as error:
            raise ValueError(error.detail) from None
        self._advance_to(ms)

    def _advance_to(self, time_ms: int) -> None:
        self._clock.advance_to(time_ms)
        self.submit((AdvanceClock(),))

    def events(self, after: int = 0) -> list[Applied]:
        """Give what happened after a sequence: each command with its place, its time and its events."""
        return [applied for applied in self._events if applied.sequence > after]

    @property
    def sequence(self) -> int:
        """How many commands the venue has seen, refused ones and ticks of the clock included."""
        return self._state.sequence

    def audit(self) -> Audit:
        """
        Sum the books of the whole venue again, by a path of its own.

        Raises:
            InvariantBroken: They do not balance.
        """
        return audit(self._state)

    def digest(self) -> str:
        """Give a fingerprint of everything that the venue owes and holds."""
        return state_digest(self._state)

    def submit(self, commands: tuple[Command, ...]) -> list[Applied]:
        """
        Apply commands of `backhand.commands` one after the other; what happened, refusals among it.

        For what no other method does: everything here and on accounts ends in it.
        """
        stamp_ms = max(self._clock.now_ms(), self._state.time_ms)
        for tick in self._ticks(stamp_ms):
            self._apply(tick, stamp_ms)
        return [self._apply(command, stamp_ms) for command in commands]

    def transfer(self, uid: str, coin: str, amount: Decimal) -> None:
        """
        Move money into an account, or out of it when negative.

        Raises:
            ValueError: No coin of the venue, or no amount of it.
            Refused: No such account, or more than is free.
        """
        try:
            command = Transfer(uid, known_coin(coin, self._coins()), amount_e8(text_of(amount), "the amount"))
        except BadRequest as error:
            raise ValueError(error.detail) from None
        self._must(self.submit((command,)))

    def cancel_waiting(self, uid: str, symbol: str, order_id: str) -> None:
        """
        Cancel an order that waits for a price.

        Raises:
            Refused: There is none.
        """
        request_id = str(next(self._requests))
        applied = self.submit((CancelTrigger(uid, symbol, read_digits(order_id) or 0),))
        for one in applied:
            self._refusals.name(uid, request_id, one.sequence)
        self._must(applied, request_id)

    def waiting_orders(self, uid: str, symbol: str | None) -> list[WaitingOrder]:
        """List an account's orders that wait for a price, oldest first."""
        return waiting_orders(self._state, uid, symbol)

    def _apply(self, command: Command, stamp_ms: int) -> Applied:
        state = self._state
        events = apply(state, command, stamp_ms)
        applied = Applied(state.sequence, state.time_ms, command, events)
        self._refusals.capture(state, applied)
        self._events.append(applied)
        self._kept.fold(applied)
        self._tickers.fold([applied])
        return applied

    def _ticks(self, stamp_ms: int) -> tuple[Command, ...]:
        """What time has to do before commands; each second is asked about once, as `node` does."""
        second = stamp_ms // MARK_INTERVAL_MS
        if second == self._second:
            return ()
        self._second = second
        return (AdvanceClock(),) if tick_is_due(self._state, stamp_ms) else ()

    def _must(self, applied: list[Applied], request_id: str = "") -> None:
        for one in applied:
            for event in one.events:
                if isinstance(event, Rejected):
                    contract = self._state.contracts.get(getattr(one.command, "symbol", ""))
                    refusal = refusal_of(event, contract)
                    error = refused(refusal.code, refusal.message, refusal.http_status, request_id)
                    error.reason = event.reason.value
                    raise error

    def _contract(self, symbol: str) -> Contract:
        market = self._state.markets.get(symbol.upper())
        if market is None:
            raise ValueError(f"{symbol} is not listed; there are {', '.join(self._state.markets)}")
        return market.contract

    def _coins(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(market.margin_coin for market in self._state.markets.values()))

    def _unused_uid(self) -> str:
        number = FIRST_UID + len(self._state.accounts) - 1  # The house is an account too.
        while str(number) in self._state.accounts:
            number += 1
        return str(number)


def _texts(levels: Levels) -> tuple[tuple[str, str], ...]:
    return tuple((text_of(price), text_of(size)) for price, size in levels)


def _optional(number: Number | None) -> str | None:
    return None if number is None else text_of(number)
