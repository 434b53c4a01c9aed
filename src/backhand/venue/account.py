"""An account of a venue in process: every call of `backhand.client.Client`, and its owner's money."""

from decimal import Decimal
from typing import Literal, Protocol

from backhand.client import Client, Credentials
from backhand.client.models import HoldSide
from backhand.client.session import text_of
from backhand.venue import waiting
from backhand.venue.desk import NO_KEY, Desk
from backhand.venue.waiting import PlanType, TriggerType, WaitingOrder


class Owner(Protocol):
    """The venue of an account, for what a client cannot ask."""

    def transfer(self, uid: str, coin: str, amount: Decimal) -> None:
        """Move money in, or out when negative."""

    def cancel_waiting(self, uid: str, symbol: str, order_id: str) -> None:
        """Cancel an order that waits for a price."""

    def waiting_orders(self, uid: str, symbol: str | None) -> list[WaitingOrder]:
        """List the orders that wait for a price."""


class VenueAccount(Client):
    """
    One account, used like a client that is signed in to it.

    A refusal is a `backhand.client.Refused`: `code` and `text` as on the wire, and `reason`, the engine's
    own word for it ("" when the request could not even be read); `explain` with its `request_id` has the
    figures that the rules judged by. A receipt has no `record_hash`, because no journal is kept. Nothing is
    ever lost on the way, so neither `NotSent` nor `OutcomeUnknown` can happen. Orders and reversals that are
    given no `client_oid` are numbered, so that two runs are equal.
    """

    def __init__(self, uid: str, desk: Desk, venue: Owner) -> None:
        super().__init__("in process", Credentials(uid, NO_KEY, NO_KEY), pacing=False, transport=desk)
        self.uid = uid
        self._venue = venue
        self._named = 0
        self.session.new_client_oid = self._next_client_oid

    def _next_client_oid(self) -> str:
        self._named += 1
        return f"bh-{self._named}"

    def deposit(self, coin: str, amount: Decimal | int | str) -> None:
        """
        Put money into the account.

        Raises:
            ValueError: No coin of the venue, or no amount above 0.
        """
        self._venue.transfer(self.uid, coin, _positive(amount))

    def withdraw(self, coin: str, amount: Decimal | int | str) -> None:
        """
        Take money out of the account.

        Raises:
            ValueError: No coin of the venue, or no amount above 0.
            Refused: More than is free.
        """
        self._venue.transfer(self.uid, coin, -_positive(amount))

    def place_plan_order(
        self,
        symbol: str,
        side: Literal["buy", "sell"],
        size: Decimal | int | str,
        trigger_price: Decimal | int | str,
        *,
        price: Decimal | int | str | None = None,
        trigger_type: TriggerType = "mark_price",
        trade_side: Literal["open", "close"] | None = None,
        reduce_only: bool = False,
        client_oid: str | None = None,
    ) -> str:
        """
        Have an order wait for a price; its id.

        Args:
            price: Of the order that is placed then; None makes it a market order.
            trade_side: Needed in hedge mode, and only there.

        Raises:
            Refused: Nothing was done.

        Source: bitget-v2/place-plan-order
        """
        return self.run(
            waiting.place_plan_order(
                self.session,
                symbol,
                side,
                size,
                trigger_price,
                price=price,
                trigger_type=trigger_type,
                trade_side=trade_side,
                reduce_only=reduce_only,
                client_oid=client_oid,
            )
        )

    def place_protection(
        self,
        symbol: str,
        plan_type: PlanType,
        hold_side: HoldSide,
        trigger_price: Decimal | int | str,
        *,
        size: Decimal | int | str | None = None,
        price: Decimal | int | str | None = None,
        trigger_type: TriggerType = "mark_price",
        client_oid: str | None = None,
    ) -> str:
        """
        Protect a position with a take-profit or stop-loss; its id.

        Args:
            plan_type: `profit_plan` and `loss_plan` are for `size`, `pos_profit` and `pos_loss` for all.
            price: Of the order that is placed then; None makes it a market order.

        Raises:
            Refused: Nothing was done.

        Source: bitget-v2/place-tpsl-order
        """
        return self.run(
            waiting.place_protection(
                self.session,
                symbol,
                plan_type,
                hold_side,
                trigger_price,
                size=size,
                price=price,
                trigger_type=trigger_type,
                client_oid=client_oid,
            )
        )

    def cancel_waiting(self, symbol: str, order_id: str) -> None:
        """
        Cancel an order that waits for a price.

        Raises:
            Refused: There is none.

        Source: bitget-v2/cancel-plan-order
        """
        self._venue.cancel_waiting(self.uid, symbol.upper(), order_id)

    def waiting_orders(self, symbol: str | None = None) -> list[WaitingOrder]:
        """List the orders that wait for a price, of a symbol or of all, oldest first."""
        return self._venue.waiting_orders(self.uid, None if symbol is None else symbol.upper())


def _positive(amount: Decimal | int | str) -> Decimal:
    value = Decimal(text_of(amount))
    if value <= 0:
        raise ValueError(f"{amount} is no amount above 0")
    return value
