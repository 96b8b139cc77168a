"""Writes mix.json: batches mixed by timm's Mixup with chosen weights and boxes, and the
loss of the mixed classes, for tests/mix.rs.

    pip install torch==2.15.0 timm==1.0.31 numpy==2.4.6
    python tests/golden/mix/generate.py
"""

import json
import pathlib
from unittest import mock

import numpy as np
import torch
from timm.data import Mixup
from timm.loss import SoftTargetCrossEntropy

SIDE = 7
CLASSES = 3
torch.set_num_threads(1)
rng = np.random.default_rng(5)
images = rng.integers(-50, 50, (4, 3, SIDE, SIDE)).astype(np.float32)
logits = rng.normal(size=(4, CLASSES)).astype(np.float32)
classes = [0, 2, 1, 1]


def case(kind, beta, centre, smoothing):
    """One batch, with the draws that timm would make replaced by the given ones."""
    alphas = {"mixup_alpha": 0.8, "cutmix_alpha": 0.0}
    if kind == "paste":
        alphas = {"mixup_alpha": 0.0, "cutmix_alpha": 1.0}
    mixup = Mixup(**alphas, prob=1.0, label_smoothing=smoothing, num_classes=CLASSES)
    # timm draws the row before the column.
    row_then_column = iter([centre[1], centre[0]])
    with (
        mock.patch("numpy.random.beta", lambda *_: np.float64(beta)),
        mock.patch("numpy.random.rand", lambda *_: 0.0),
        mock.patch("numpy.random.randint", lambda *_, **__: next(row_then_column)),
    ):
        x, target = mixup(torch.from_numpy(images.copy()), torch.tensor(classes))
    raw = torch.from_numpy(logits).requires_grad_()
    loss = SoftTargetCrossEntropy()(raw, target)
    loss.backward()
    return {
        "kind": kind,
        "beta": beta,
        "centre": centre,
        "smoothing": smoothing,
        "images": x.flatten().tolist(),
        "loss": loss.item(),
        "gradient": raw.grad.flatten().tolist(),
    }


cases = [
    case("blend", 0.3, [0, 0], 0.1),
    case("blend", 0.9, [0, 0], 0.0),
    case("paste", 0.55, [3, 4], 0.1),
    case("paste", 0.2, [0, 6], 0.0),
    case("paste", 0.0, [6, 2], 0.1),
    case("paste", 0.99, [3, 3], 0.1),
]
golden = {
    "side": SIDE,
    "classes": classes,
    "images": images.flatten().tolist(),
    "logits": logits.flatten().tolist(),
    "cases": cases,
}
here = pathlib.Path(__file__).parent
(here / "mix.json").write_text(json.dumps(golden) + "\n")
