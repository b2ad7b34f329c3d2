"""What a notebook may call; the commands are thin over these functions.

>>> import mleq
>>> recipe = mleq.load_recipe("demo")
>>> recipe.target.magnitude
4.0
"""

from mleq.api.data import fetch_lines, fetch_signals, load_events, samples
from mleq.api.forecasts import answer_lines, odds, predict, predict_pool, write_submission
from mleq.api.maps import odds_map
from mleq.api.recipes import (
    Written,
    built,
    check_all,
    check_network,
    leaks,
    load_recipe,
    network_table,
    new_recipe,
    plan,
    plan_lines,
    write_schema,
)
from mleq.api.runs import backtest, draw_pages, summary_lines, train, train_seeds, trained_recipes
from mleq.api.sweeps import find_recipes, sweep

__all__ = [
    "Written",
    "answer_lines",
    "backtest",
    "built",
    "check_all",
    "check_network",
    "draw_pages",
    "fetch_lines",
    "fetch_signals",
    "find_recipes",
    "leaks",
    "load_events",
    "load_recipe",
    "network_table",
    "new_recipe",
    "odds",
    "odds_map",
    "plan",
    "plan_lines",
    "predict",
    "predict_pool",
    "samples",
    "summary_lines",
    "sweep",
    "train",
    "train_seeds",
    "trained_recipes",
    "write_schema",
    "write_submission",
]
