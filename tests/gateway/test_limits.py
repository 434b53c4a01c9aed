from backhand.gateway import limits
from backhand.gateway.limits import (
    ATTEMPTS_MAX,
    ATTEMPTS_MS,
    BLOCKED_MS,
    CONNECTIONS_PER_ADDRESS,
    MS_PER_MINUTE,
    REQUESTS_PER_MINUTE,
    AddressLimits,
    FixedWindow,
    no_address_limits,
)

NOW_MS = 1_790_208_000_000


class Clock:
    """Venue time that a test sets, and whether limits hold."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.limited = True

    def limits(self) -> AddressLimits:
        return AddressLimits(lambda: self.now_ms, lambda: self.limited)


def test_calls_are_counted_per_account_endpoint_and_second() -> None:
    """
    What is left is told after each call; a new second of venue time begins a new count.

    who   endpoint  at      left
    """
    window = FixedWindow()
    table = [
        ("a", "place", 10_000, 1),
        ("a", "place", 10_400, 0),
        ("a", "place", 10_999, -1),
        ("a", "place", 10_999, -1),
        ("a", "cancel", 10_999, 1),
        ("b", "place", 10_999, 1),
        ("a", "place", 11_000, 1),
        ("b", "place", 11_001, 1),
    ]
    assert [left for *_, left in table] == [window.take(who, of, 2, at_ms) for who, of, at_ms, _ in table]


def test_what_is_remembered_is_bounded() -> None:
    """A window that counts too many callers begins anew, so that no crowd of addresses fills the memory."""
    window = FixedWindow()
    assert 0 == window.take("first", "x", 1, NOW_MS)
    for number in range(limits.COUNTS_MAX):
        window.take(str(number), "x", 1, NOW_MS)
    assert 0 == window.take("first", "x", 1, NOW_MS)


def test_an_address_that_asks_too_much_waits_five_minutes() -> None:
    """auth.md 9: 6000 requests a minute over all paths; beyond, nothing for 5 minutes, others unharmed."""
    clock = Clock()
    addresses = clock.limits()
    assert [True] * REQUESTS_PER_MINUTE == [addresses.admit("a") for _ in range(REQUESTS_PER_MINUTE)]
    assert not addresses.admit("a")
    assert addresses.admit("b")
    clock.now_ms += MS_PER_MINUTE
    assert not addresses.admit("a")
    clock.now_ms = NOW_MS + BLOCKED_MS - 1
    assert not addresses.admit("a")
    clock.now_ms += 1
    assert addresses.admit("a")


def test_connections_of_an_address_are_bounded() -> None:
    """websocket.md 1: 100 at once, 300 tried in 5 minutes, refused tries included; a place is given back."""
    clock = Clock()
    addresses = clock.limits()
    assert all(addresses.enter("a") for _ in range(CONNECTIONS_PER_ADDRESS))
    assert not addresses.enter("a")
    assert addresses.enter("b")
    addresses.leave("a")
    assert addresses.enter("a")
    for _ in range(ATTEMPTS_MAX - CONNECTIONS_PER_ADDRESS - 2):
        addresses.enter("a")
    addresses.leave("a")
    assert not addresses.enter("a")
    clock.now_ms += ATTEMPTS_MS
    assert addresses.enter("a")


def test_nothing_is_refused_while_limits_are_off() -> None:
    """Limits that do not hold count connections only, so that places are right when they hold again."""
    clock = Clock()
    addresses = clock.limits()
    clock.limited = False
    assert all(addresses.admit("a") for _ in range(REQUESTS_PER_MINUTE + 1))
    assert [5, 5] == [addresses.ask("a", "x", 5), addresses.ask("a", "x", 5)]
    assert all(addresses.enter("a") for _ in range(CONNECTIONS_PER_ADDRESS + 1))
    clock.limited = True
    assert not addresses.enter("a")
    assert no_address_limits().admit("a")
