"""Batch-all triplets, forward and backward, of 64 and 512 embeddings of width 768 in two
classes: pytorch-metric-learning and Proofmark (benches/triplet.rs) in turn, on all cores.

    pip install torch==2.15.0 pytorch-metric-learning==2.9.0
    python benches/triplet.py [--rounds 3] [--profile dev]

Prints one line per round and the median ratios. `--profile dev` needs no second build of
the dependencies; its overflow checks and debug assertions count against Proofmark.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import time

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss

BATCHES, WIDTH, MARGIN, REPEATS = [64, 512], 768, 0.3, 9
UNITS = {"ns": 1e-6, "µs": 1e-3, "ms": 1.0, "s": 1e3}


def theirs(batch):
    """Median milliseconds of a forward and backward pass, after one that warms up."""
    torch.manual_seed(0)
    loss = TripletMarginLoss(
        margin=MARGIN, distance=LpDistance(p=2, normalize_embeddings=False)
    )
    embedding = torch.randn(batch, WIDTH, requires_grad=True)
    classes = torch.arange(batch) % 2
    times = []
    for _ in range(1 + REPEATS):
        embedding.grad, begin = None, time.perf_counter()
        loss(embedding, classes).backward()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times[1:])


def ours(batch, profile):
    """Criterion's estimate in milliseconds."""
    command = ["cargo", "bench", "--profile", profile, "--bench", "triplet", "--", f"/{batch}$"]
    folder = pathlib.Path(__file__).parent
    result = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found = re.search(r"time:\s+\[\S+ \S+ (\S+) (\S+) ", result.stdout)
    return float(found[1]) * UNITS[found[2]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", default="dev")
    options = parser.parse_args()
    print(f"{torch.get_num_threads()} threads")
    for batch in BATCHES:
        ratios = []
        for _ in range(options.rounds):
            reference, own = theirs(batch), ours(batch, options.profile)
            ratios.append(reference / own)
            print(
                f"B = {batch}: pytorch-metric-learning {reference:.2f} ms, "
                f"Proofmark {own:.2f} ms, ratio {ratios[-1]:.1f}"
            )
        print(f"B = {batch}: median ratio {statistics.median(ratios):.1f}")
