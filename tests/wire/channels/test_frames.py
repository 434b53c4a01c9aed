from backhand.wire.channels.errors import PARAMETERS, not_existing
from backhand.wire.channels.frames import LOGGED_IN, acknowledged, failed, pushed
from backhand.wire.channels.topics import Topic

TICKER = Topic("USDT-FUTURES", "ticker", "BTCUSDT")


def test_frames_to_the_letter() -> None:
    """Acknowledgements, errors and pushes are those of the documentation."""
    assert b'{"event":"login","code":0}' == LOGGED_IN
    arg = b'{"instType":"USDT-FUTURES","channel":"ticker","instId":"BTCUSDT"}'
    assert b'{"event":"unsubscribe","arg":%b}' % arg == acknowledged("unsubscribe", TICKER)
    pushed_frame = pushed("update", TICKER, [["a", "1"]], 1790208000123)
    assert b'{"action":"update","arg":%b,"data":[["a","1"]],"ts":1790208000123}' % arg == pushed_frame
    account = Topic("COIN-FUTURES", "account", "default")
    assert (
        b'{"action":"snapshot","arg":{"instType":"COIN-FUTURES","channel":"account","coin":"default"},'
        b'"data":[],"ts":1}'
    ) == pushed("snapshot", account, [], 1)


def test_errors_repeat_what_was_asked() -> None:
    """The code is a number, the arg as it was sent; there is no op where none was read."""
    error = not_existing("USDT-FUTURES", "books", "NOPEUSDT")
    sent = {"instType": "USDT-FUTURES", "channel": "books", "instId": "NOPEUSDT"}
    assert (
        b'{"event":"error","arg":{"instType":"USDT-FUTURES","channel":"books","instId":"NOPEUSDT"},'
        b'"code":30001,"msg":"instType:USDT-FUTURES,channel:books,instId:NOPEUSDT,'
        b'precision:null doesn\'t exist","op":"subscribe"}'
    ) == failed(error, "subscribe", sent)
    assert b'{"event":"error","code":30016,"msg":"Param error"}' == failed(PARAMETERS, "")


def test_what_is_repeated_is_bounded() -> None:
    """A long argument does not make a long answer."""
    assert len(failed(PARAMETERS, "x" * 1_000, {"y" * 1_000: "z" * 1_000})) < 400
