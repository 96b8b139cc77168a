"""Triplet losses two ways: by brute force from the paper's equations (section 3.3.1),
and by pytorch-metric-learning where it can say the same.

- Batch-all: `TripletMarginLoss` on every triplet, averaged over the non-zero ones, is the
  paper's loss.
- HP-HN and EP-HN: `BatchEasyHardMiner` picks the same triplets, and leaves out anchors
  that lack a positive or a negative, as we do. Its default average is over non-zero
  losses, `MeanReducer`'s over the anchors left in; the paper divides by all B anchors. So
  the paper's loss is `MeanReducer`'s times (anchors left in) / B.
- Embeddings are scaled to unit length by default there; here only when asked.
"""

import torch
from pytorch_metric_learning import distances, losses, miners, reducers

DUPLICATE = 1e-6


def distance_matrix(x):
    """Euclidean distances by differences; duplicates are 0 and give no gradient."""
    square = (x[:, None] - x[None]).square().sum(-1)
    apart = square >= DUPLICATE**2
    return torch.where(apart, torch.where(apart, square, 1.0).sqrt(), 0.0)


def brute_force(x, classes, mining, margin, normalize=False):
    """Loss, triplets considered, triplets active, and how near the nearest choice (an
    active triplet, a pick among two) was to going the other way."""
    if normalize:
        x = x / x.norm(dim=1, keepdim=True).clamp_min(1e-12)
    d, batch, same = distance_matrix(x), len(x), classes[:, None] == classes[None]
    positive = same & ~torch.eye(batch, dtype=torch.bool)
    slack = [torch.inf]
    if mining == "batch-all":
        valid = positive[:, :, None] & ~same[:, None, :]
        raw = (d[:, :, None] - d[:, None, :] + margin)[valid]
        active = raw[raw > 0]
        slack += raw.detach().abs().tolist()
        loss = active.mean() if len(active) else 0 * x.sum()
        return loss, len(raw), len(active), min(slack)
    total, considered, active = 0 * x.sum(), 0, 0
    for a in range(batch):
        positives, negatives = d[a][positive[a]], d[a][~same[a]]
        if len(positives) and len(negatives):
            hard = mining == "hard-positive-hard-negative"
            raw = (positives.max() if hard else positives.min()) - negatives.min() + margin
            considered, active = considered + 1, active + int(raw > 0)
            total = total + raw.clamp_min(0)
            for side in [-positives if hard else positives, negatives]:
                two = side.detach().sort().values[:2]
                slack += (two[1:] - two[:-1]).tolist()
            slack.append(abs(raw.item()))
    return total / batch, considered, active, min(slack)


def metric_learning(x, classes, mining, margin, normalize=False):
    """The same loss by pytorch-metric-learning."""
    distance = distances.LpDistance(p=2, normalize_embeddings=normalize)
    if mining == "batch-all":
        return losses.TripletMarginLoss(margin=margin, distance=distance)(x, classes)
    positive = "hard" if mining == "hard-positive-hard-negative" else "easy"
    miner = miners.BatchEasyHardMiner(
        pos_strategy=positive, neg_strategy="hard", distance=distance
    )
    triplets = miner(x, classes)
    triplets = triplets[:2] + triplets[3:]  # anchor, positive, negative
    loss = losses.TripletMarginLoss(
        margin=margin, distance=distance, reducer=reducers.MeanReducer()
    )
    return loss(x, classes, triplets) * (len(triplets[0]) / len(x))
