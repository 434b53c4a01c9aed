"""
Bitget's request signature: base64(HMAC-SHA256(secret, timestamp + METHOD + path[?query] + body)).

Clients do not sign the same bytes of a query: some sign it as they send it, some before percent-encoding,
some in sorted order only. Each of these forms is accepted. Times and keys are judged elsewhere.
"""

import hmac
from binascii import b2a_base64
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes


def signing_key(secret: bytes) -> hmac.HMAC:
    """Prepare a secret, as text, for signing any number of messages: half of a signature's cost, once."""
    return hmac.new(secret, digestmod="sha256")


def sign(key: hmac.HMAC, message: bytes) -> bytes:
    """Sign a pre-hash string with a `signing_key`, which stays as it is. Source: API doc Signature."""
    signed = key.copy()
    signed.update(message)
    return b2a_base64(signed.digest(), newline=False)


def signature_matches(
    key: hmac.HMAC, timestamp: bytes, method: bytes, path: bytes, query: bytes, body: bytes, given: bytes
) -> bool:
    """
    Tell whether `given` signs this request, in any form of the query that clients sign.

    `key` is the secret's `signing_key`; all others are the bytes as received: `query` without `?`, `body`
    never re-serialised, `method` in capitals. Comparison takes the same time wherever the signatures
    differ. Source: auth.md section 3.
    """
    head = timestamp + method + path
    if not query:
        return hmac.compare_digest(sign(key, head + body), given)
    return any(
        hmac.compare_digest(sign(key, head + b"?" + candidate + body), given)
        for candidate in query_candidates(query)
    )


def query_candidates(query: bytes) -> Iterator[bytes]:
    """
    Give each form of a query that a client may have signed, likeliest first, none twice.

    As received; percent-decoded with `+` left alone; then both with the pairs sorted by name.
    """
    yield query
    decoded = unquote_to_bytes(query)
    if decoded != query:
        yield decoded
    pairs = query.split(b"&")
    in_order = sorted(pairs, key=_name)
    if in_order == pairs:
        return
    in_order_query = b"&".join(in_order)
    yield in_order_query
    if decoded != query:
        yield unquote_to_bytes(in_order_query)


def _name(pair: bytes) -> bytes:
    return pair.partition(b"=")[0]
