"""How far features drift between the parts: what differs between them cannot be trusted in the test part."""

from __future__ import annotations

from typing import Any

from mleq.lab.windows import LabSamples


def drift(samples: LabSamples) -> list[dict[str, Any]]:
    """Compare each feature's distribution in training and test part, the most different first.

    Returns
    -------
    list of dict
        `feature`, `statistic` (the largest difference of the two distribution functions, 0 to 1). Windows of a cycle
        depend on each other, so no p-value is given.

    References
    ----------
    Smirnov, N. (1948). Ann. Math. Stat. 19, 279-281. doi:10.1214/aoms/1177730256
    """
    from scipy.stats import ks_2samp

    train, test = (samples.features.iloc[samples.parts[part]] for part in ("train", "test"))
    found = [
        {"feature": name, "statistic": float(ks_2samp(train[name], test[name]).statistic)} for name in samples.features
    ]
    return sorted(found, key=lambda row: -row["statistic"])
