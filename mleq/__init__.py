"""mleq: forecasts earthquakes from recipes and says what the forecast is worth.

    >>> import mleq
    >>> recipe = mleq.load_recipe("demo")

Rooms load when they are used: `import mleq` is cheap.
"""

from importlib import import_module as _import_module

__version__ = "0.1.0"

_FUNCTIONS = ("load_recipe", "load_events", "samples", "train", "predict", "odds")
_ROOMS = ("catalog", "etas", "scores")

__all__ = [*_FUNCTIONS, *_ROOMS]


def __getattr__(name: str):
    if name in _FUNCTIONS:
        return getattr(_import_module("mleq.api"), name)
    if name in _ROOMS:
        return _import_module(f"mleq.{name}")
    raise AttributeError(f"module 'mleq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
