"""
Measurements of Backhand, each beside a base that is measured in the same run.

    __main__ ─▶ engine ─▶ worker ◀─▶ engine_rounds      (interpreted, compiled)
             │         └▶ worker ◀─▶ nautilus_flips     (other environments, made by nautilus)
             ├▶ serving ▶ worker ◀─▶ http_load          (the load)
             │         └▶ the venue, http_empty         (what is loaded)
             ├▶ journal
             └▶ figures ─▶ table, .bench/latest.json, .bench/latest.md

Rounds alternate between what is compared, a ratio is made of adjacent rounds, and the median of the
rounds is reported with its spread: other load on the machine then hits both sides. CPU time is compared
wherever the work is computing; the wall clock only where it is waiting for the disk. Absolute figures
are shown beside the ratios and are never compared between runs.
"""
