"""
Answer structs and the printing of numbers: figures and rows ─▶ what `envelope.success` encodes. Pure.

A view is what a renderer needs, flat and in integers; whoever has the figures fills it.
"""
