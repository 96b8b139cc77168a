"""Trains a ViT-B/16 with the paper's augmentation on faces of a face store, and says how long its steps wait for faces.

    python scripts/cuda/loader.py --program PROOFMARK [--device cuda:0] [--faces 2000] [--epochs 4] [--small]

The faces are drawn and cut at 256 pixels first. Prints a line of JSON: how many were trained on, and of every epoch the
faces in a second and the share of its time in which steps waited for the loader, from the training's journal. Every
epoch begins with an empty loader, the first with memory to be allocated, too. `--small` takes a small network, for a
machine without a GPU.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXPERIMENT = """
dataset drawn {{
    layout demo capture=studio seed=1 identities={identities} videos=2 fakes=2 frames=5
    manipulation swap-feather family=face-swap
    split carve train=(%)80 val=(%)10 test=(%)10 seed=0
    faces size=256
}}
ensemble one {{ source drawn }}
backbone network {{ vit {network} image=224; pool patch-mean; drop-path 0.1 }}
init scratch {{ random; normalize vggface2 }}
recipe paper {{
    epochs {epochs}
    batch {batch}
    adamw lr=1e-4 weight-decay=0.05 layer-decay=0.75
    augment fsfm
    resize center-crop
    precision {precision}
    keep last
    seed 0
}}
experiment trained {{ data one; backbone network; init scratch; recipe paper; loss {{ cross-entropy }} }}
"""
# Faces of an identity: two videos and two fakes of five frames, of which four fifths are trained on.
OF_IDENTITY = 20 * 0.8


def train(args: argparse.Namespace, folder: Path) -> dict:
    small = {"network": "patch=32 width=24 depth=1 heads=3", "batch": 8}
    large = {"network": "patch=16 width=768 depth=12 heads=12", "batch": 64}
    sizes = small if args.small else large
    # The CPU computes in f32, whatever is asked.
    precision = "f32" if args.device == "cpu" else "bf16"
    identities = max(10, round(args.faces / OF_IDENTITY))
    text = EXPERIMENT.format(
        identities=identities, epochs=args.epochs, precision=precision, **sizes
    )
    (folder / "x.kdl").write_text(text)
    command = [
        args.program,
        "train",
        "x.kdl",
        "--store",
        "store",
        "--device",
        args.device,
        "--jobs",
        "1",
    ]
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"training ended with {done.returncode}: {done.stderr[-1500:]}")
    journal = next(folder.glob("store/objects/train/*/journal.jsonl"))
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    epochs = [record for record in records if "images_per_second" in record and "steps" in record]
    return {
        "faces": epochs[0]["steps"] * sizes["batch"],
        "cores": os.cpu_count(),
        "seconds": time.monotonic() - begun,
        "rates": [epoch["images_per_second"] for epoch in epochs],
        "waits": [epoch["loader_share"] for epoch in epochs],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--faces", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--small", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(train(args, Path(folder))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
