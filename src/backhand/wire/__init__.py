"""
Bitget's v2 futures API as text: parameters ⇄ typed values, without I/O, clock or state.

    query, body ─▶ fields ─▶ requests ─▶ Command | read query | Refusal
    figures, rows, Rejected ─▶ responses, codes ─▶ envelope ─▶ bytes

`signature` says whether a call is signed, `endpoints` which calls exist, `contracts` what is listed.
"""
