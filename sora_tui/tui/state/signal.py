"""A value that is announced to whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Signal(Generic[T]):
    """Calls its subscribers, in the order in which they came. For the thread of the screen."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[T], object]] = []

    def subscribe(self, call: Callable[[T], object]) -> None:
        """Call this with every value from now on."""
        self._subscribers.append(call)

    def publish(self, value: T) -> None:
        """Announce a value."""
        for call in tuple(self._subscribers):
            call(value)
