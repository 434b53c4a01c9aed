"""
A node with its two HTTP interfaces around it, as one process.

    process   options ─▶ folder, journal, node, market, sockets ─▶ ready ─▶ signal ─▶ stopped
      └ running     what gateway and control ask of a venue, on top of one node
          ├ directory    contracts and keys, folded at the join
          ├ feeds        subscriptions of clients, made at a join; the beat of public channels
          ├ figures      the state as streams ask for it ─▶ views
          ├ reads        questions of clients ─▶ views ─▶ answers of the wire
          └ inspection   questions of the operator ─▶ JSON

Everything here reads the state only at a join, so that nothing is shown which is not on disk.
"""
