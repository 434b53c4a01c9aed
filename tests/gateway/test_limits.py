from backhand.gateway.limits import FixedWindow


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
