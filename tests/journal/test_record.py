import hashlib
from typing import get_args

import pytest

from backhand.commands import (
    BUY,
    AdvanceClock,
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    OpenAccount,
    OpenKey,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    ReplaceLadder,
    ResumeVenue,
    ReversePosition,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Tier,
    Transfer,
)
from backhand.journal import Batch, JournalDamaged, JournalError, RulesMismatch
from backhand.journal.record import FORMAT, GENESIS_HASH, RULES_VERSION, decode, encode
from tests.journal.batches import VENUE, batch_at

CONTRACT = Contract(
    symbol="BTCUSDT",
    product_type="USDT-FUTURES",
    base_coin="BTC",
    quote_coin="USDT",
    margin_coin="USDT",
    inverse=False,
    lot_e8=10_000,
    size_places=4,
    tick_e12=100_000_000_000,
    price_places=1,
    price_end_step=1,
    size_lots_min=1,
    limit_size_lots_max=12_000_000,
    market_size_lots_max=2_200_000,
    value_min_e8=500_000_000,
    maker_fee_rate_e8=20_000,
    taker_fee_rate_e8=60_000,
    buy_band_rate_e8=5_000_000,
    sell_band_rate_e8=5_000_000,
    fee_up_rate_e8=500_000,
    open_cost_up_rate_e8=1_000_000,
    leverage_min=1,
    leverage_max=125,
    position_limit_rate_e8=5_000_000,
    symbol_orders_max=200,
    product_orders_max=400,
    positions_max=150,
    funding_interval_hours=8,
    tiers=(Tier(15_000_000_000_000, 125, 400_000), Tier(90_000_000_000_000, 100, 500_000)),
)
EVERY_COMMAND: tuple[Command, ...] = (
    ConfigureVenue(VENUE, seed=7, one_way_size="honour"),
    ListContract(CONTRACT),
    OpenAccount("1", copy_trader=True, hedge_mode=True, margin_mode="isolated", leverage=5),
    OpenKey("1", "bg_1", b"\x00sealed\xff", b"hash", ("read",)),
    Transfer("1", "USDT", -(2**63)),
    SetPrice("BTCUSDT", 60_000 * 10**12, None),
    ReplaceLadder("BTCUSDT", ((599_999, 10), (599_998, 20)), (), mark_price_e12=2**63, taken_lots=-3),
    PlaceOrder("1", "BTCUSDT", BUY, "market", 2**64 - 1, effect="open", client_oid="Ünïcode-☂"),
    ResumeVenue(),
    AdvanceClock(),
    CancelOrder("1", "BTCUSDT", order_id=10**18),
    CancelOrders("1", "USDT-FUTURES", "BTCUSDT"),
    ModifyOrder("1", "BTCUSDT", client_oid="a", presets_sent=True, take_profit=Preset(7, 8, "last")),
    ClosePositions("1", "USDT-FUTURES", side=-1),
    PlaceTrigger("1", "BTCUSDT", "trailing_stop", 1, callback_rate_e8=10**6, stp_mode="cancel_both"),
    ModifyTrigger(
        "1", "BTCUSDT", protecting=True, order_id=10**18, trigger_price_ticks=5, kept_preset="stop_loss"
    ),
    CancelTrigger("1", "BTCUSDT", client_oid="b"),
    CancelTriggers("1", "USDT-FUTURES", ("entry", "trailing_entry")),
    MoveMargin("1", "BTCUSDT", -1, -(2**63)),
    SetAutoMargin("1", "BTCUSDT", 1, enabled=True),
    ReversePosition("1", "BTCUSDT", side=0, size_off_grid="0.00001", shortfall="largest"),
    SetLeverage("1", "BTCUSDT", leverage=None, long_leverage=3),
    SetMarginMode("1", "BTCUSDT", "crossed"),
    SetPositionMode("1", "USDT-FUTURES", hedge_mode=False),
)

#: One transfer as msgpack, written by hand.
PAYLOAD = b"\x91\x84\xa4type\xa8Transfer\xa3uid\xa11\xa4coin\xa4USDT\xa9amount_e8\x64"


def rehashed(body: bytes) -> bytes:
    """Return a record with these bytes before its hash."""
    return body + hashlib.sha256(body).digest()


def test_every_command_comes_back_as_it_went_in() -> None:
    """A batch with each kind of command is equal to itself after encoding and decoding."""
    assert set(get_args(Command)) == {type(command) for command in EVERY_COMMAND}
    batch = Batch(41, -5, EVERY_COMMAND)
    record, digest = encode(batch, VENUE, GENESIS_HASH)
    header, decoded = decode(record)
    assert batch == decoded
    assert (VENUE, FORMAT, RULES_VERSION) == (header.venue_id, header.format, header.rules)
    assert (41, -5, len(EVERY_COMMAND)) == (header.first_sequence, header.time_ms, header.count)
    assert (GENESIS_HASH, digest) == (header.previous_hash, header.hash)


def test_the_layout_of_a_record_is_fixed() -> None:
    """The same batch gives the bytes it gave when this format was decided: journals outlive releases."""
    batch = Batch(1, 1_700_000_000_000, (Transfer("1", "USDT", 100),))
    record, _ = encode(batch, "v", GENESIS_HASH)
    expected = (
        b"BKHD\x00\x01\x00\x01" + (1).to_bytes(8, "big") + (1_700_000_000_000).to_bytes(8, "big")
        + (1).to_bytes(4, "big") + (1).to_bytes(2, "big") + len(PAYLOAD).to_bytes(4, "big")
        + GENESIS_HASH + b"v" + PAYLOAD
    )  # fmt: skip
    assert rehashed(expected) == record


def test_the_hash_depends_on_the_record_before() -> None:
    """The same batch after another record is another record."""
    batch = batch_at(1)
    assert encode(batch, VENUE, GENESIS_HASH)[1] != encode(batch, VENUE, b"\x01" * 32)[1]


def test_any_flipped_byte_is_refused() -> None:
    """No byte of a record can change without decoding failing."""
    record, _ = encode(batch_at(1, count=2), VENUE, GENESIS_HASH)
    for place in range(len(record)):
        altered = bytearray(record)
        altered[place] ^= 0xFF
        with pytest.raises(JournalDamaged):
            decode(bytes(altered))


def test_any_cut_or_extended_record_is_refused() -> None:
    """A record that lost bytes at its end, or gained some, does not decode."""
    record, _ = encode(batch_at(1, count=2), VENUE, GENESIS_HASH)
    for length in range(len(record)):
        with pytest.raises(JournalDamaged):
            decode(record[:length])
    with pytest.raises(JournalDamaged):
        decode(record + b"\x00")


@pytest.mark.parametrize(
    ("place", "replacement", "error"),
    [
        (0, b"BKHX", JournalDamaged),  # magic
        (4, b"\x00\x02", RulesMismatch),  # format
        (6, b"\x00\x02", RulesMismatch),  # rules
        (24, b"\x00\x00\x00\x03", JournalDamaged),  # count
        (28, b"\xff\xff", JournalDamaged),  # venue id bytes
        (30, b"\x00\x00\x00\x00", JournalDamaged),  # payload bytes
        (66, b"\xff", JournalDamaged),  # venue id is not UTF-8
        (66 + len(VENUE), b"\xc1", JournalDamaged),  # payload is not msgpack
    ],
)
def test_a_record_with_a_fitting_hash_still_has_to_make_sense(
    place: int, replacement: bytes, error: type[JournalError]
) -> None:
    """Whoever computes the hash anew is still refused when the header or the payload is wrong."""
    record, _ = encode(batch_at(1, count=2), VENUE, GENESIS_HASH)
    body = record[:place] + replacement + record[place + len(replacement) : -32]
    with pytest.raises(error):
        decode(rehashed(body))


@pytest.mark.parametrize(
    "commands",
    [(Transfer("1", "USDT", 2**64),), (Transfer("1", "USDT", -(2**63) - 1),), (OpenAccount("\ud800"),)],
)
def test_what_cannot_be_stored_is_the_callers_fault(commands: tuple[Command, ...]) -> None:
    """Integers beyond 64 bits and text that is not Unicode raise ValueError, not a journal's error."""
    with pytest.raises(ValueError, match="cannot be stored"):
        encode(Batch(1, 0, commands), VENUE, GENESIS_HASH)


def test_batches_never_change() -> None:
    """A batch is frozen."""
    batch = batch_at(1)
    with pytest.raises(AttributeError):
        batch.time_ms = 0  # type: ignore[misc]
