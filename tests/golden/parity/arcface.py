"""Writes arcface.json: ArcFace's loss and gradients by pytorch-metric-learning in float64, for
tests/parity/arcface.rs.

    pip install torch==2.15.0 pytorch-metric-learning==2.9.0
    python tests/golden/parity/arcface.py
"""

import torch
from formula import rounded, units, write
from pytorch_metric_learning.losses import ArcFaceLoss


def random(stream, rows, width, scale=1.0):
    return torch.from_numpy(units(stream, rows, width)).double() * scale


def opposed():
    """Embeddings that point away from the centres of their classes, beyond 180 degrees less the
    margin, beside ones that do not."""
    centres = random("opposed centres", 3, 6)
    points = torch.stack([-centres[0], -centres[1] + 0.05, centres[2], centres[0] - 0.3])
    return points, centres


# name, embeddings, centres, classes, margin in degrees, scale
cases = [
    ("binary", random("two", 16, 8), random("two centres", 2, 8), [0, 1] * 8, 28.6, 64.0),
    ("many classes", random("six", 12, 10), random("six centres", 6, 10), list(range(6)) * 2, 28.6, 30.0),
    ("no margin", random("none", 8, 4), random("no centres", 3, 4), [0, 1, 2, 0] * 2, 0.0, 16.0),
    ("wide margin", random("wide", 8, 5, 3.0), random("wide centres", 2, 5), [0, 1] * 4, 80.0, 8.0),
    ("tiny centres", random("tiny", 8, 5), random("tiny centres", 2, 5, 2.0**-16), [0, 1] * 4, 28.6, 64.0),
    ("opposed", *opposed(), [0, 1, 2, 0], 28.6, 20.0),
]


def table(rows):
    return [[rounded(value) for value in row] for row in rows.tolist()]


written = []
for name, points, centres, classes, margin, scale in cases:
    # Read as f32 by the program.
    points, centres = points.float().double(), centres.float().double()
    loss = ArcFaceLoss(len(centres), points.shape[1], margin=margin, scale=scale).double()
    with torch.no_grad():
        loss.W.copy_(centres.T)
    points.requires_grad_()
    value = loss(points, torch.tensor(classes))
    value.backward()
    written.append(
        {
            "name": name,
            "points": points.detach().tolist(),
            "centres": centres.tolist(),
            "classes": classes,
            "margin": margin,
            "scale": scale,
            "loss": value.item(),
            "of_points": table(points.grad),
            "of_centres": table(loss.W.grad.T),
        }
    )

write("arcface.json", {"cases": written})
