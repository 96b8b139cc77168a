"""Writes triplet.json: triplet losses, counts and gradients by brute force in float64, held
against pytorch-metric-learning, for tests/parity/triplet.rs.

    python tests/golden/parity/triplet.py
"""

import torch
from formula import rounded, units, write
from mining import brute_force, metric_learning

MINING = ["batch-all", "hard-positive-hard-negative", "easy-positive-hard-negative"]
TWO, THREE = [0, 1] * 8, [0, 0, 1, 2] * 4


def random(stream, batch, width, scale=1.0):
    return torch.from_numpy(units(stream, batch, width)).double() * scale


def near_duplicates():
    """Frames of two videos each per class: pairs some thousandths apart, far from the
    origin, as embeddings of fc_norm lie."""
    videos = random("videos", 8, 12, 16.0).repeat_interleave(2, dim=0)
    return (videos + random("frames", 16, 12, 2.0**-10)).float().double()


def duplicates():
    points = random("duplicates", 8, 4)
    points[1], points[5], points[7] = points[0], points[4], points[3]
    return points


line = torch.tensor([[0.0], [1.0], [3.0], [4.0]]).double()
grid = torch.tensor([[0, 0], [3, 4], [0, 5], [5, 0], [-3, 4], [4, 3], [0, -5], [8, 6]]).double()
# name, points, classes, margin, normalize
cases = [
    ("binary", random("binary", 16, 8), TWO, 0.3, False),
    ("three classes", random("three", 16, 8), THREE, 0.3, False),
    ("wide margin, all active", random("wide", 16, 8), TWO, 50.0, False),
    ("unit vectors", random("unit", 16, 8), THREE, 0.2, True),
    ("at the scale of fc_norm", random("large", 16, 96, 4.0), TWO, 0.3, False),
    ("near duplicates", near_duplicates(), [0, 0, 1, 1] * 4, 0.3, False),
    ("duplicates in a class and across classes", duplicates(), [0, 0, 1, 1, 0, 1, 0, 0], 0.3, False),
    ("collapsed to a point", torch.ones(6, 3).double(), [0, 0, 0, 1, 1, 1], 0.3, False),
    ("anchors without a positive", random("lonely", 6, 4), [0, 0, 0, 1, 2, 2], 2.0, False),
    ("nobody has a positive", random("alone", 4, 4), [0, 1, 2, 3], 0.3, False),
    ("one class", random("same", 6, 4), [1] * 6, 0.3, False),
    ("one face", random("one", 1, 4), [0], 0.3, False),
    ("on the margin, recipe 5.6", line, [0, 0, 1, 1], 1.0, False),
    ("recipe 5.6 with margin 2", line, [0, 0, 1, 1], 2.0, False),
    ("ties among picks and on the margin", grid, [0, 0, 0, 1, 1, 1, 0, 1], 5.0, False),
]


def table(points):
    return [[rounded(value) for value in row] for row in points.tolist()]


def run(name, points, classes, margin, normalize, mining):
    points, classes = points.clone().requires_grad_(), torch.tensor(classes)
    loss, considered, active, slack = brute_force(points, classes, mining, margin, normalize)
    loss.backward()
    gradient, points.grad = points.grad, None
    theirs = metric_learning(points, classes, mining, margin, normalize)
    theirs.backward()
    off = abs(theirs.item() - loss.item())
    # Where two are equally far, either pick's gradient is right.
    tied = mining != "batch-all" and slack < 1e-12
    turned = 0.0 if tied else (points.grad - gradient).abs().max().item()
    assert off < 1e-6 and turned < 1e-6, (name, mining, off, turned)
    return {
        "loss": loss.item(),
        "metric_learning": theirs.item(),
        "considered": considered,
        "active": active,
        "gradient": None if tied else table(gradient),
    }


def all_minings(name, points, classes, margin, normalize):
    assert torch.equal(points, points.float().double()), "the points are exact in f32"
    return {
        "name": name,
        "points": table(points),
        "classes": classes,
        "margin": margin,
        "normalize": normalize,
        "minings": {m: run(name, points, classes, margin, normalize, m) for m in MINING},
    }


write("triplet.json", {"cases": [all_minings(*case) for case in cases]})
