from itertools import pairwise

from backhand.events import FundingPaid, FundingSettled
from backhand.projections.funding import FundingRow, funding_rows
from backhand.units import E12
from tests.projections.played import played
from tests.projections.tape import FIRST_ID, START_MS, Tape


def test_each_settlement_makes_one_row() -> None:
    """A row has the instant that funding was for, not the time at which it was settled."""
    tape = Tape()
    settled = FundingSettled("BTCUSDT", -12_345, 60_000 * E12, START_MS)
    paid = FundingPaid("1", "BTCUSDT", 1, FIRST_ID, 3, 7, 9)
    applied = tape.step(settled, paid, after_ms=4_000)
    assert [FundingRow("BTCUSDT", START_MS, -12_345, 60_000 * E12)] == funding_rows(applied)


def test_the_engine_settles_each_instant_once() -> None:
    """No symbol has two rows for an instant, and the instants lie one interval apart."""
    _, applied = played(1, 1_500)
    rows = [row for one in applied for row in funding_rows(one)]
    instants = [row.funding_ms for row in rows if row.symbol == "ETHUSDT"]
    assert len(instants) > 3
    assert {8 * 3_600_000} == {after - before for before, after in pairwise(instants)}
