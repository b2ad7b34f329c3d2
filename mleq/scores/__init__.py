"""Pure functions that say what a forecast was worth; each cites its formula.

Importing this loads numpy alone; scikit-learn is imported by the functions that need it.
"""

from mleq.scores.alarm import best_threshold, confusion, peirce_score, pr_auc, roc_auc
from mleq.scores.bootstrap import BlockBootstrap, block_bootstrap, stationary_indices
from mleq.scores.probability import (
    EPSILON,
    brier_decomposition,
    brier_score,
    brier_skill_score,
    expected_calibration_error,
    information_gain,
    log_score,
    reliability_curve,
    skill_score,
)
from mleq.scores.verdict import verdict

__all__ = [
    "EPSILON",
    "BlockBootstrap",
    "best_threshold",
    "block_bootstrap",
    "brier_decomposition",
    "brier_score",
    "brier_skill_score",
    "confusion",
    "expected_calibration_error",
    "information_gain",
    "log_score",
    "peirce_score",
    "pr_auc",
    "reliability_curve",
    "roc_auc",
    "skill_score",
    "stationary_indices",
    "verdict",
]
