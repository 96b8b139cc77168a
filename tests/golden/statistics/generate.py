"""Golden values of the statistics: DeLong, Holm, weights, normal and t distribution, quantiles.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 numpy==2.3.4 scipy==1.17.1 statsmodels==0.15.0
    venv/bin/python tests/golden/statistics/generate.py

Writes golden.json beside this file; the tests read it without Python.

DeLong's variance is computed here from the definition (DeLong et al. 1988): a matrix of
all pairs, its row and column means, their covariance. The program uses midranks instead.
Metrics of resampled videos are scikit-learn's with the multiplicities as sample weights.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy.stats import norm, t, ttest_ind
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    matthews_corrcoef,
    roc_auc_score,
)
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

HERE = Path(__file__).parent


def placements(reals, fakes):
    """psi(fake, real) of all pairs: 1 above, one half tied, 0 below."""
    difference = fakes[:, None] - reals[None, :]
    return np.where(difference > 0, 1.0, np.where(difference == 0, 0.5, 0.0))


def delong(name, reals, fakes, labels):
    """`reals` and `fakes` have one row per detector."""
    pairs = [placements(np.asarray(r), np.asarray(f)) for r, f in zip(reals, fakes)]
    v10 = np.array([pair.mean(axis=1) for pair in pairs])
    v01 = np.array([pair.mean(axis=0) for pair in pairs])
    covariance = np.cov(v10, ddof=1) / v10.shape[1] + np.cov(v01, ddof=1) / v01.shape[1]
    aucs = np.array([pair.mean() for pair in pairs])
    for r, f, auc in zip(reals, fakes, aucs):
        theirs = roc_auc_score([0] * len(r) + [1] * len(f), [*r, *f])
        assert abs(theirs - auc) < 1e-12, labels
    spread = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    z = (aucs[0] - aucs[1]) / np.sqrt(spread)
    half = norm.ppf(0.975) * np.sqrt(np.diag(covariance))
    return {
        "name": name,
        "reals": np.asarray(reals).tolist(),
        "fakes": np.asarray(fakes).tolist(),
        "auc": aucs.tolist(),
        "covariance": covariance.tolist(),
        "low": np.maximum(aucs - half, 0).tolist(),
        "high": np.minimum(aucs + half, 1).tolist(),
        "z": z,
        "p": 2 * norm.sf(abs(z)),
    }


def pair_of_detectors(rng, m, n, shift, decimals=None):
    """Two detectors whose scores share half their noise."""
    out = []
    common = [rng.normal(size=m), rng.normal(size=n)]
    for extra in [0.0, 0.3]:
        reals = common[0] + rng.normal(size=m)
        fakes = common[1] + rng.normal(size=n) + shift + extra
        scores = [1 / (1 + np.exp(-x)) for x in (reals, fakes)]
        out.append([x if decimals is None else np.round(x, decimals) for x in scores])
    return [o[0] for o in out], [o[1] for o in out]


def weighted(rng):
    """One detector and one draw of its videos."""
    labels = np.array([0] * 40 + [1] * 60)
    scores = np.round(np.clip(rng.normal(0.4, 0.2, 100) + 0.2 * labels, 0, 1), 2)
    draw = [rng.integers(0, 40, 40), 40 + rng.integers(0, 60, 60)]
    counts = np.bincount(np.concatenate(draw), minlength=100)
    called = scores >= 0.5
    return {
        "reals": scores[:40].tolist(),
        "fakes": scores[40:].tolist(),
        "counts": counts.tolist(),
        "auc": roc_auc_score(labels, scores, sample_weight=counts),
        "balanced_accuracy": balanced_accuracy_score(labels, called, sample_weight=counts),
        "accuracy": accuracy_score(labels, called, sample_weight=counts),
        "average_precision": average_precision_score(labels, scores, sample_weight=counts),
        "brier": brier_score_loss(labels, scores, sample_weight=counts),
        "matthews": matthews_corrcoef(labels, called, sample_weight=counts),
    }


def holm(p_values):
    return {"p": p_values, "adjusted": multipletests(p_values, method="holm")[1].tolist()}


def margin(differences, low, high):
    """Whether a mean lies in a range: two one-sided tests, and each of them."""
    described = DescrStatsW(differences)
    return {
        "mean": float(described.mean),
        "standard": float(described.std_mean),
        "freedom": len(differences) - 1,
        "low": low,
        "high": high,
        "above_low": float(described.ttest_mean(low, alternative="larger")[1]),
        "below_low": float(described.ttest_mean(low, alternative="smaller")[1]),
        "within": float(described.ttost_mean(low, high)[0]),
    }


def main():
    rng = np.random.default_rng(5)
    golden = {
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
        "delong": [
            delong("drawn", *pair_of_detectors(rng, 40, 60, 1.0), "drawn"),
            delong("ties", *pair_of_detectors(rng, 50, 30, 1.0, decimals=1), "ties"),
            delong("few", *pair_of_detectors(rng, 3, 4, 0.0), "few"),
            delong("separate", *pair_of_detectors(rng, 30, 30, 3.5), "separate"),
        ],
        "weighted": [weighted(rng) for _ in range(3)],
        "holm": [
            holm([0.01, 0.04, 0.03, 0.005]),
            holm([0.5, 0.6, 0.5]),
            holm([0.02]),
            holm(rng.random(20).round(3).tolist()),
        ],
        "normal": [
            {"x": x, "above": norm.sf(x)}
            for x in [-9.0, -3.0, -0.5, 0.0, 1e-3, 0.5, 1.0, 1.96, 2.4, 2.5, 2.6, 4.0, 8.0, 30.0]
        ],
        "quantile": [
            {"p": p, "x": norm.isf(p)} for p in [0.5, 0.4, 0.05, 0.025, 0.005, 1e-4, 1e-9]
        ],
        "student": [
            {"t": x, "freedom": df, "p": 2 * t.sf(x, df)}
            for df in [1.0, 1.7, 2.0, 4.0, 9.3, 30.0, 250.5, 1e5, 1e9]
            for x in [0.0, 0.3, 1.0, 2.5, 6.0]
        ],
        "student_quantile": [
            {"p": p, "freedom": df, "t": t.isf(p / 2, df)}
            for df in [1.0, 1.7, 2.0, 4.0, 30.0, 1e9]
            for p in [0.9, 0.1, 0.05, 0.01]
        ],
        "welch": [
            {"ours": a, "theirs": b, "p": float(ttest_ind(a, b, equal_var=False).pvalue)}
            for a, b in [
                ([0.7352, 0.6741, 0.7027], [0.4803, 0.5812, 0.6365]),
                ([0.9, 0.91], [0.88, 0.87, 0.9, 0.86]),
                ([0.5, 0.5001, 0.4999], [0.9, 0.8999, 0.9001]),
            ]
        ],
        "percentile": [
            {"draws": d.tolist(), "level": level, "ends": np.quantile(d, ends).tolist()}
            for d in [rng.random(101), rng.random(40), rng.random(2)]
            for level, ends in [(0.95, [0.025, 0.975]), (0.5, [0.25, 0.75])]
        ],
        "seeds": [
            {"values": v, "mean": float(np.mean(v)), "deviation": float(np.std(v, ddof=1))}
            for v in [[0.9, 0.92, 0.87], [0.5, 0.5], rng.random(5).tolist()]
        ],
        "margins": [
            margin(rng.normal(mean, 0.05, n), low, high)
            for mean, n, low, high in [
                (0.02, 12, -0.03, 0.03),
                (0.0, 40, -0.02, 0.02),
                (0.05, 25, 0.03, 0.04),
                (-0.01, 8, 0.0, 0.05),
            ]
        ],
    }
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
