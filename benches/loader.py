"""Compares loading and augmenting faces with timm's in one run, in turns.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 Pillow==12.3.0
    python benches/loader.py FOLDER [--rounds 3] [--turns 3]

FOLDER holds square JPEG faces of 256 pixels. Both sides read each file, decode it, take
FSFM's training augmentation (random resized crop, flip, rand-m9-mstd0.5-inc1, normalise,
random erasing) and leave a normalised (3, 224, 224) array of f32, on one thread.
Processor time is counted, so that a busy machine disturbs less. `store` is Proofmark from
faces that are decoded already, as they lie in its face store.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def timm(folder: Path, rounds: int) -> None:
    """One turn of timm in a process of its own; prints what loader.rs prints."""
    import torch
    from PIL import Image
    from timm.data import create_transform

    torch.set_num_threads(1)
    transform = create_transform(
        input_size=224,
        is_training=True,
        color_jitter=None,
        auto_augment="rand-m9-mstd0.5-inc1",
        interpolation="bilinear",
        re_prob=0.25,
        re_mode="pixel",
        re_count=1,
        mean=(0.548, 0.423, 0.365),
        std=(0.279, 0.244, 0.235),
    )
    files = sorted(folder.iterdir())
    milliseconds = []
    for round_ in range(rounds + 1):
        begun = time.process_time()
        for file in files:
            with Image.open(file) as image:
                transform(image.convert("RGB"))
        if round_ > 0:
            milliseconds.append(1e3 * (time.process_time() - begun) / len(files))
    print(json.dumps({"milliseconds": milliseconds}))


def build() -> str:
    """Builds loader.rs and returns the program."""
    command = ["cargo", "bench", "--profile", "dev", "--bench", "loader", "--no-run"]
    out = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    messages = map(json.loads, out.stdout.splitlines())
    return [m["executable"] for m in messages if m.get("target", {}).get("name") == "loader"][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--timm", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.timm:
        timm(args.folder, args.rounds)
        return
    ours, rounds = build(), str(args.rounds)
    sides = {
        "timm": [sys.executable, __file__, str(args.folder), "--rounds", rounds, "--timm"],
        "jpeg": [ours, "jpeg", str(args.folder), rounds],
        "store": [ours, "store", str(args.folder), rounds],
        "decode": [ours, "decode", str(args.folder), rounds],
    }
    times = {side: [] for side in sides}
    for _ in range(args.turns):
        for side, command in sides.items():
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            times[side].extend(json.loads(out)["milliseconds"])
    median = {side: statistics.median(values) for side, values in times.items()}
    for side, values in times.items():
        print(
            f"{side:7} {median[side]:.3f} ms a face ({min(values):.3f} to {max(values):.3f}), "
            f"{1e3 / median[side]:.0f} faces a second, {median['timm'] / median[side]:.2f} times timm"
        )


if __name__ == "__main__":
    main()
