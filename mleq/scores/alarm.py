"""How well probabilities tell days with an event from days without, and what alarms made of them are worth.

Arguments are as in `mleq.scores.probability`. An alarm stands on every day whose probability is at least
the threshold.
"""

from __future__ import annotations

import numpy as np

from mleq.scores.checks import both_classes, forecast_days, observed_days


def roc_auc(observed, probability) -> float:
    """Chance that a day with an event had a higher probability than one without, ties counting half.

    The area under the receiver operating characteristic, 0.5 without skill. Says nothing of calibration.

    Raises
    ------
    mleq.errors.DataError
        If all days are of one kind.

    References
    ----------
    Hanley, J. A. and McNeil, B. J. (1982). Radiology 143, 29-36. doi:10.1148/radiology.143.1.7063747
    """
    from sklearn.metrics import roc_auc_score

    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    both_classes(observed, "ROC-AUC")
    return float(roc_auc_score(observed, probability))


def pr_auc(observed, probability) -> float:
    """Average precision: the area under precision against recall, as steps, without interpolation.

    Without skill it is the share of days with an event.

    Raises
    ------
    mleq.errors.DataError
        If all days are of one kind.

    References
    ----------
    Davis, J. and Goadrich, M. (2006). Proc. ICML 23, 233-240. doi:10.1145/1143844.1143874
    """
    from sklearn.metrics import average_precision_score

    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    both_classes(observed, "PR-AUC")
    return float(average_precision_score(observed, probability))


def confusion(observed, probability, threshold: float) -> dict[str, float | int | None]:
    """The confusion table of alarms at a threshold, with the rates that are read from it.

    Returns
    -------
    dict
        `threshold`; `tp`, `fp`, `fn`, `tn` (days); `accuracy`; `precision` (None without an alarm), `recall`
        (None without an event), `f1` (None without either).

    References
    ----------
    van Rijsbergen, C. J. (1979). Information Retrieval, 2nd ed. (F1.) Wilks, D. S. (2011). Statistical
    Methods in the Atmospheric Sciences, 3rd ed., ch. 8.2. ISBN 978-0-12-385022-5
    """
    observed = observed_days(observed)
    alarm = forecast_days(probability, observed.size) >= threshold
    tp, fp = int((alarm & observed).sum()), int((alarm & ~observed).sum())
    fn, tn = int((~alarm & observed).sum()), int((~alarm & ~observed).sum())

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return {
        "threshold": float(threshold),
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "accuracy": (tp + tn) / observed.size,
        "precision": share(tp, tp + fp),
        "recall": share(tp, tp + fn),
        "f1": share(2 * tp, 2 * tp + fp + fn),
    }


def peirce_score(observed, probability, threshold: float) -> float:
    """Hit rate minus false-alarm rate: 1 is perfect; always alarming, never alarming and guessing give 0.

    Raises
    ------
    mleq.errors.DataError
        If all days are of one kind.

    References
    ----------
    Peirce, C. S. (1884). Science 4, 453-454. doi:10.1126/science.ns-4.93.453-a
    """
    both_classes(observed_days(observed), "the Peirce score")
    table = confusion(observed, probability, threshold)
    return table["tp"] / (table["tp"] + table["fn"]) - table["fp"] / (table["fp"] + table["tn"])


def best_threshold(observed, probability) -> float:
    """The probability at which alarms have the highest Peirce score on these days; of equals, the highest.

    To be chosen on days that are not scored afterwards (the validation part). Where no threshold is better
    than always alarming, it is the smallest probability, or the largest of those that do equally well.

    Raises
    ------
    mleq.errors.DataError
        If all days are of one kind.
    """
    from sklearn.metrics import roc_curve

    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    both_classes(observed, "the best threshold")
    false_alarms, hits, thresholds = roc_curve(observed, probability, drop_intermediate=False)
    # In whole days, so that thresholds that do equally well are equal.
    events, quiet = int(observed.sum()), int((~observed).sum())
    excess = np.rint(hits * events) * quiet - np.rint(false_alarms * quiet) * events
    # The first point is "never": a threshold above every probability, for which there is no number.
    best = int(np.argmax(excess[1:]))
    return float(thresholds[1:][best])
