"""How a room has many calls made without knowing by what: one after the other here, or elsewhere at once.

Like `mleq.progress`: a room with many independent pieces of work asks `many()` for the `map` of the moment, which is
the built-in one until somebody who has workers installs another with `by`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Mapping = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""(function, items) -> answers in the order of the items; the function and the items can be pickled."""

_mapping: ContextVar[Mapping] = ContextVar("mleq_mapping", default=map)


def many() -> Mapping:
    """Return what makes many calls: it is used as `map` is."""
    return _mapping.get()


@contextmanager
def by(mapping: Mapping) -> Iterator[None]:
    """Have calls in this block made by `mapping`."""
    token = _mapping.set(mapping)
    try:
        yield
    finally:
        _mapping.reset(token)
