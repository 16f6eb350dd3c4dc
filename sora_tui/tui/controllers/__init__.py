"""What the screen does, one concern each: plain objects that get a `Context` and know no Textual.

A controller never calls another. What others must hear of goes through a signal or a shared value.
"""
