"""Compares a training step of Proofmark with PyTorch's in one run, in turns.

    pip install torch==2.15.0 timm==1.0.31
    python benches/step.py [--rounds 3] [--turns 3] [--batch 8]

Builds `benches/step.rs` in the profile that users run, then alternates between it and the
same step in PyTorch: ViT-B/16 at 224, f32, cross-entropy, drop path 0.1, AdamW over 28
groups. Both use all cores. Prints medians and ratios as the table of docs/performance.md.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pytorch(what: str, batch: int, rounds: int) -> None:
    """One turn of PyTorch in a process of its own; prints what step.rs prints."""
    import timm
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count())
    model = timm.create_model(
        "vit_base_patch16_224", num_classes=2, global_pool="avg", drop_path_rate=0.1
    )
    groups = [
        {"params": [p for n, p in model.named_parameters() if p.ndim > 1], "weight_decay": 0.05},
        {"params": [p for n, p in model.named_parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-4)
    images = torch.rand(batch, 3, 224, 224) * 2 - 1
    classes = torch.arange(batch) % 2

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), classes).backward()
        optimizer.step()

    def forward() -> None:
        with torch.inference_mode():
            model(images)

    if what == "forward":
        model.eval()
    round_ = step if what == "step" else forward
    round_()
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        round_()
        seconds.append(time.perf_counter() - begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_memory": memory}))


def build() -> str:
    """Builds step.rs and returns the program."""
    command = ["cargo", "bench", "--profile", "dev", "--bench", "step", "--no-run"]
    out = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    messages = map(json.loads, out.stdout.splitlines())
    return [m["executable"] for m in messages if m.get("target", {}).get("name") == "step"][-1]


def turn(command: list[str]) -> dict:
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pytorch", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.pytorch:
        pytorch(args.pytorch, args.batch, args.rounds)
        return
    ours = build()
    numbers = [str(args.batch), str(args.rounds)]
    theirs = [sys.executable, __file__, "--batch", numbers[0], "--rounds", numbers[1], "--pytorch"]
    seconds, memory = {}, {}
    for _ in range(args.turns):
        for what in ["step", "forward", "products"]:
            sides = {"Proofmark": [ours, what, *numbers]}
            if what != "products":
                sides["PyTorch"] = [*theirs, what]
            for side, command in sides.items():
                result = turn(command)
                seconds.setdefault((what, side), []).extend(result["seconds"])
                memory[what, side] = max(memory.get((what, side), 0), result["peak_memory"])
    median = {key: statistics.median(values) for key, values in seconds.items()}
    floor = median["products", "Proofmark"]
    print("| what | Proofmark | PyTorch | ratio | peak memory, ratio |")
    print("|---|---|---|---|---|")
    for what, name in [("step", "training step"), ("forward", "forward alone")]:
        mine, other = (what, "Proofmark"), (what, "PyTorch")
        print(
            f"| {name}, batch {args.batch} | {median[mine]:.2f} s | {median[other]:.2f} s "
            f"| {median[mine] / median[other]:.2f} | {memory[mine] / 2**30:.2f} GiB / "
            f"{memory[other] / 2**30:.2f} GiB = {memory[mine] / memory[other]:.2f} |"
        )
    print(f"\nStep over the floor of its matrix products: {median['step', 'Proofmark'] / floor:.2f}")
    spread = {f"{w} {s}": f"{min(v):.2f} to {max(v):.2f} s" for (w, s), v in seconds.items()}
    print("Spread:", "; ".join(f"{k} {v}" for k, v in spread.items()))


if __name__ == "__main__":
    main()
