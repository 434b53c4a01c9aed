"""
The operator's API: JSON under /_venue, and /metrics for Prometheus.

    bytes ─▶ guard ─▶ typed request ─▶ commands ─▶ submit ─▶ events ─▶ JSON
             │           │
             │           └ unknown fields and off-grid prices are refused with a sentence that helps
             └ token, Host, Origin, content type: no web page may use it

Open on loopback, a bearer token anywhere else. Errors are `{"error": reason, "detail": text}`. What it
may do to a venue stands in `ports.Venue`; it sees neither engine nor journal.
"""
