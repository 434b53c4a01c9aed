"""
Bitget's v2 WebSocket channels as text: what clients send, and the frames that they are sent. Pure.

    text ─▶ messages ─▶ Login | Subscription | Misunderstood
                            │ each arg
                            └─▶ topics ─▶ Topic | ChannelError
    views ─▶ market, books, accounts, orders ─▶ rows ─▶ frames ─▶ bytes

A topic is what is subscribed to, and every frame about it carries the same `arg`, so that one frame serves
all its readers. Source: websocket.md.
"""
