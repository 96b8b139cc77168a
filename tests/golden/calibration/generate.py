"""Golden calibrations, from scikit-learn and SciPy.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 numpy==2.3.4 scipy==1.17.1
    venv/bin/python tests/golden/calibration/generate.py

Writes golden.json beside this file. Each case has the probabilities of some faces in single
precision, whether each is fake, and what the three maps are that are fitted on them: the
temperature (SciPy's bounded search), Platt's slope and offset (the root that SciPy finds from
scikit-learn's, which are checked to be near it), and P(fake) of isotonic regression on a grid.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar, root
from scipy.special import expit, log_expit, logsumexp, softmax
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

HERE = Path(__file__).parent
GRID = np.linspace(0, 1, 41)


def log_odds(logits, temperature=1.0):
    scaled = logits / temperature
    return logsumexp(scaled[:, 1:], axis=1) - scaled[:, 0]


def temperature(logits, fake):
    def loss(log):
        odds = log_odds(logits, np.exp(log))
        return -log_expit(np.where(fake, odds, -odds)).mean()

    found = minimize_scalar(loss, bounds=(-6, 6), method="bounded", options={"xatol": 1e-11})
    assert abs(found.x) < 5.9, "the best lies within"
    return float(np.exp(found.x)), float(found.fun)


def platt(odds, fake):
    fitted = _SigmoidCalibration().fit(odds, fake)
    theirs = (-fitted.a_, -fitted.b_)
    fakes = fake.sum()
    reals = len(fake) - fakes
    target = np.where(fake, (fakes + 1) / (fakes + 2), 1 / (reals + 2))

    def gradient(by):
        off = expit(by[0] * odds + by[1]) - target
        return [(off * odds).mean(), off.mean()]

    exact = root(gradient, theirs, tol=1e-14)
    assert np.abs(exact.fun).max() < 1e-12
    assert np.allclose(exact.x, theirs, atol=1e-3), (exact.x, theirs)
    return exact.x.tolist()


def case(name, probabilities, fake):
    probabilities = probabilities.astype(np.float32)
    fake = np.asarray(fake, bool)
    wide = probabilities.astype(float)
    logits = np.log(np.maximum(wide, float(np.finfo(np.float32).tiny)))
    score = wide[:, 1:].sum(axis=1)
    best, loss = temperature(logits, fake)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(score, fake)
    slope, offset = platt(log_odds(logits), fake)
    return {
        "name": name,
        "probabilities": [[float(p) for p in row] for row in probabilities],
        "fake": fake.tolist(),
        "temperature": best,
        "loss": loss,
        "cooled": (expit(log_odds(logits, best))).tolist(),
        "slope": slope,
        "offset": offset,
        "isotonic": isotonic.predict(GRID).tolist(),
    }


def main():
    rng = np.random.default_rng(20261128)

    def drawn(n, classes, sharp, shift, rounded=None):
        fake = rng.random(n) < 0.6
        logits = rng.normal(size=(n, classes))
        logits[:, 1:] += np.where(fake, shift, -shift)[:, None]
        probabilities = softmax(sharp * logits, axis=1)
        if rounded is not None:
            fakes = np.clip(np.round(probabilities[:, 1:], rounded), 0.05, 0.95)
            probabilities = np.column_stack([1 - fakes.sum(axis=1), fakes])
        return np.clip(probabilities, 0, 1), fake

    cases = [
        case("overconfident", *drawn(200, 2, 4.0, 0.6)),
        case("underconfident", *drawn(200, 2, 0.2, 0.8)),
        case("five-classes", *drawn(160, 5, 3.0, 0.7)),
        case("ties", *drawn(150, 2, 1.5, 0.5, rounded=1)),
        case("saturated", *drawn(120, 2, 60.0, 1.0)),
        case("worse-than-chance", np.array([[0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9],
                                            [0.8, 0.2], [0.45, 0.55]]), [0, 0, 1, 1, 0, 1]),
    ]
    golden = {
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "grid": GRID.tolist(),
        "cases": cases,
    }
    (HERE / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
