"""Golden values of the metrics, from scikit-learn.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 numpy==2.3.4 scipy==1.17.1
    venv/bin/python tests/golden/metrics/generate.py

Writes one CSV (video,label,score) per case and golden.json beside this file. The
tests read them without Python. Undefined metrics are null: those that need both
classes where there is one, all where there is no row.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import brentq
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    matthews_corrcoef,
    roc_auc_score,
    roc_curve,
)

HERE = Path(__file__).parent
FPR, BINS = 0.1, 10


def equal_error_rate(labels, scores):
    """Root of 1 - x - TPR(x) on the linearly interpolated ROC."""
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    return brentq(lambda x: 1.0 - x - np.interp(x, fpr, tpr), 0.0, 1.0, xtol=1e-16, rtol=1e-15)


def true_positive_rate(labels, scores, limit):
    """Highest attainable one whose false-positive rate is at most the limit."""
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    return tpr[fpr <= limit].max()


def calibration_error(labels, scores, bins):
    """Bins [i / bins, (i + 1) / bins), the last closed; P(fake) against the share of fakes."""
    edges = np.arange(1, bins) / bins
    where = np.searchsorted(edges, scores, side="right")
    error = 0.0
    for i in range(bins):
        inside = where == i
        if inside.any():
            error += inside.mean() * abs(scores[inside].mean() - labels[inside].mean())
    return error


def metrics(labels, scores, threshold):
    called = scores >= threshold
    both = len(np.unique(labels)) == 2
    probable = len(labels) and scores.min() >= 0 and scores.max() <= 1
    return {
        "n": len(labels),
        "auc": roc_auc_score(labels, scores) if both else None,
        "balanced_accuracy": balanced_accuracy_score(labels, called) if both else None,
        "eer": equal_error_rate(labels, scores) if both else None,
        "average_precision": average_precision_score(labels, scores) if both else None,
        "accuracy": accuracy_score(labels, called) if len(labels) else None,
        "tpr": true_positive_rate(labels, scores, FPR) if both else None,
        "brier": brier_score_loss(labels, scores, labels=[0, 1]) if probable else None,
        "ece": calibration_error(labels, scores, BINS) if probable else None,
        "matthews": matthews_corrcoef(labels, called) if both else None,
    }


def by_video(videos, labels, scores):
    keys = list(dict.fromkeys(videos))
    rows = {key: [i for i, video in enumerate(videos) if video == key] for key in keys}
    # The mean of the scores in ascending order, so that the order of rows is irrelevant.
    means = [sum(np.sort(scores[rows[key]]).tolist()) / len(rows[key]) for key in keys]
    return np.array([labels[rows[key][0]] for key in keys], bool), np.array(means)


def case(name, labels, scores, threshold=0.5, videos=None, missing=()):
    labels, scores = np.asarray(labels, bool), np.asarray(scores, float)
    videos = videos if videos is not None else [f"v{i}" for i in range(len(labels))]
    lines = ["video,label,score"]
    for i, (video, label, score) in enumerate(zip(videos, labels, scores)):
        lines.append(f"{video},{int(label)},{'' if i in missing else repr(float(score))}")
    (HERE / f"{name}.csv").write_text("\n".join(lines) + "\n")
    keep = [i for i in range(len(labels)) if i not in missing]
    labels, scores, videos = labels[keep], scores[keep], [videos[i] for i in keep]
    return {
        "name": name,
        "threshold": threshold,
        "dropped": len(missing),
        "frame": metrics(labels, scores, threshold),
        "video": metrics(*by_video(videos, labels, scores), threshold),
    }


def drawn(rng, n, fakes, shift, decimals=None):
    labels = rng.random(n) < fakes
    scores = 1.0 / (1.0 + np.exp(-(rng.normal(size=n) + shift * (labels - 0.5))))
    return labels, scores if decimals is None else np.round(scores, decimals)


def ten_million():
    """Rows from a hash of their index: the test makes the same ones."""
    n = 10_000_000
    h = np.arange(n, dtype=np.uint64)
    h += np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    h ^= h >> np.uint64(31)
    level = h >> np.uint64(44)
    labels = (h & np.uint64(0xFFFFF)) < np.uint64(262_144) + level // np.uint64(2)
    return metrics(labels, level / 2.0**20, 0.5)


def main():
    rng = np.random.default_rng(20250101)
    cases = [
        case("random", *drawn(rng, 300, 0.5, 1.5)),
        case("ties", *drawn(rng, 300, 0.5, 1.5, decimals=2)),
        case("many-ties", *drawn(rng, 300, 0.5, 1.0, decimals=1)),
        case("imbalanced", *drawn(rng, 400, 0.03, 1.0, decimals=3), threshold=0.3),
        case("constant", [0, 1, 0, 1, 1], [0.5] * 5),
        case("one-class-real", [0, 0, 0], [0.2, 0.6, 0.2]),
        case("one-class-fake", [1, 1, 1, 1], [0.2, 0.6, 0.5, 0.9]),
        case("one-row", [1], [0.7]),
        case("two-rows", [0, 1], [0.7, 0.3]),
        case("three-rows", [0, 1, 1], [0.4, 0.4, 0.9]),
        case("all-missing", [0, 1], [0.1, 0.9], missing={0, 1}),
        case("on-threshold", [0, 0, 1, 1, 1], [0.1, 0.3, 0.3, 0.2, 0.8], threshold=0.3),
        case("perfect", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
        case("inverted", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
        case("beyond-unit", [0, 1, 0, 1], [-3.5, 1e300, 2.0, 1e-300], threshold=0.0),
    ]
    labels, scores = drawn(rng, 240, 0.5, 1.0)
    videos = [f"clip {i % 40 + (100 if label else 0)}" for i, label in enumerate(labels)]
    cases.append(case("videos", labels, scores, videos=videos))
    labels, scores = drawn(rng, 200, 0.4, 1.0, decimals=2)
    videos = [f"clip {i % 30 + (100 if label else 0)}" for i, label in enumerate(labels)]
    missing = set(rng.choice(200, 37, replace=False).tolist())
    cases.append(case("missing", labels, scores, videos=videos, missing=missing))

    golden = {
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "cases": cases,
        "ten_million": ten_million(),
    }
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
