"""Pure functions that say what a forecast was worth; each cites its formula.

Importing this loads numpy alone; scikit-learn is imported by the functions that need it.
"""

from mleq.scores.alarm import best_threshold, confusion, peirce_score, pr_auc, roc_auc
from mleq.scores.blocks import mean_block_days, stationary_indices
from mleq.scores.bootstrap import BlockBootstrap, block_bootstrap
from mleq.scores.csep import likelihood_test, number_test, paired_t_test, w_test
from mleq.scores.decomposition import decompose_gain
from mleq.scores.gambling import daily_gambling_return, gambling_score
from mleq.scores.molchan import area_skill_interval, area_skill_score, molchan_trajectory
from mleq.scores.probability import (
    EPSILON,
    brier_score,
    brier_skill_score,
    information_gain,
    log_score,
    log_skill_score,
    skill_score,
)
from mleq.scores.reliability import (
    brier_decomposition,
    expected_calibration_error,
    reliability_bands,
    reliability_curve,
)
from mleq.scores.selection import Selection, selection
from mleq.scores.value import cost_loss_value
from mleq.scores.verdict import verdict

__all__ = [
    "EPSILON",
    "BlockBootstrap",
    "Selection",
    "area_skill_interval",
    "area_skill_score",
    "best_threshold",
    "block_bootstrap",
    "brier_decomposition",
    "brier_score",
    "brier_skill_score",
    "confusion",
    "cost_loss_value",
    "daily_gambling_return",
    "decompose_gain",
    "expected_calibration_error",
    "gambling_score",
    "information_gain",
    "likelihood_test",
    "log_score",
    "log_skill_score",
    "mean_block_days",
    "molchan_trajectory",
    "number_test",
    "paired_t_test",
    "peirce_score",
    "pr_auc",
    "reliability_bands",
    "reliability_curve",
    "roc_auc",
    "selection",
    "skill_score",
    "stationary_indices",
    "verdict",
    "w_test",
]
