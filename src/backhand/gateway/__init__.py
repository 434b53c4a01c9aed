"""
HTTP and WebSocket in front of the venue: from bytes to commands and queries, and back.

    head ─▶ path ─▶ body, bounded ─▶ access ─▶ permission ─▶ limits ─▶ parse ─┬─▶ submit ─▶ events ─┐
             │           │             │           │            │        │     └─▶ answer ───────────┤
             ▼           ▼             ▼           ▼            ▼        ▼                           ▼
           refusal ────────────────────────────────────────────────────────────────────▶ render ─▶ bytes

`server` accepts and stops, `connection` and `exchange` speak HTTP, `app` is everything in the drawing, and
`calls` its part behind the limits. A request for a WebSocket leaves it at its head: `websocket` takes the
connection over, and `session` is what its client says there (login, subscriptions, orders); frames come from
`streams`, and orders go by `trading` into `calls`.

The order of the checks is the exchange's (spec auth.md section 5), and what an address asks for in a minute
is judged before access, where that is counted; nothing is executed before the last of them. Promises that
every answer is JSON with a code, that no input makes a 5xx, and that no text of an exception reaches a
client.
"""
