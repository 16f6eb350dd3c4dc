"""A text that shows itself nowhere: a key, or the value of a cookie."""

from __future__ import annotations


class Secret:
    """A key that does not show itself in a repr, a log line or a traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @property
    def is_at_hand(self) -> bool:
        """Whether `reveal` returns at once; a key in a password manager may block."""
        return True

    def reveal(self) -> str:
        """Return the key itself; only for the header that carries it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
