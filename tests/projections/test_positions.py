import msgspec

from backhand.commands import HOUSE_UID
from backhand.projections.positions import ClosedPositionRow, ClosedPositionsFold
from backhand.units import E8, E12
from tests.projections.tape import CONTRACTS, FIRST_ID, START_MS, Tape


def test_a_position_that_ended_makes_a_row_in_absolute_units() -> None:
    """The row has sizes in coin, both averages, and the time of the command that closed it."""
    tape = Tape()
    tape.step(tape.close_position("4"), after_ms=8)
    rows = [row for one in tape.applied for row in ClosedPositionsFold(CONTRACTS).fold(one)]
    expected = ClosedPositionRow(
        position_id=FIRST_ID,
        uid="4",
        symbol="BTCUSDT",
        product_type="USDT-FUTURES",
        margin_coin="USDT",
        inverse=False,
        side=-1,
        hedge_mode=True,
        margin_mode="isolated",
        opened_size_e8=3 * E8 // 1_000,
        closed_size_e8=3 * E8 // 1_000,
        opened_value_e20=30 * 59_000 * 10**16,
        closed_value_e20=30 * 60_000 * 10**16,
        profit_e8=-3_000,
        open_fee_e8=11,
        close_fee_e8=12,
        funding_e8=-13,
        opened_at_ms=START_MS - 5_000,
        closed_at_ms=START_MS + 8,
    )
    assert [expected] == rows
    assert (59_000 * E12, 60_000 * E12) == (rows[0].open_average_price_e12, rows[0].close_average_price_e12)


def test_the_house_has_no_closed_positions() -> None:
    """Positions of uid 0 make no rows."""
    tape = Tape()
    closed = msgspec.structs.replace(tape.close_position(), uid=HOUSE_UID)
    assert [] == ClosedPositionsFold(CONTRACTS).fold(tape.step(closed))
