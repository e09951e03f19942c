"""Twelve months of history into an org, by the lane that a person starts, and what becomes of it under ``kill -9``.

``filling`` makes the history, ``work`` is what each process does, ``killing`` ends it at the worst moment, ``verdict``
compares both sides, ``scenes`` puts them together, ``__main__`` makes the table.
"""
