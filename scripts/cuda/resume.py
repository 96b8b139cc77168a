"""Kills trainings on a device and goes on with them: the models' bytes are those of a training that nobody killed.

    python scripts/cuda/resume.py --program PROOFMARK [--device cuda:0] [--epochs 150] [--kills 3]

The experiment is tests/cli/tiny.kdl, once in f32 and once in bf16.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Place:
    """A folder with the experiment and a store of its own."""

    def __init__(self, folder: Path, args: argparse.Namespace, precision: str) -> None:
        text = (ROOT / "tests/cli/tiny.kdl").read_text()
        recipe = f"epochs {args.epochs}\n    precision {precision}"
        folder.mkdir()
        (folder / "x.kdl").write_text(text.replace("epochs 2\n", f"{recipe}\n", 1))
        self.folder = folder
        self.command = [
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

    def begin(self) -> subprocess.Popen:
        return subprocess.Popen(
            self.command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> str:
        """Trains to the end; what was said."""
        child = self.begin()
        _, said = child.communicate()
        if child.returncode != 0:
            raise RuntimeError(f"training ended with {child.returncode}: {said[-1500:]}")
        return said

    def kill(self, states: int) -> str:
        """Begins, waits for so many states to be written, and kills it; what was said."""
        child, seen, last, begun = self.begin(), 0, None, time.monotonic()
        while seen < states and child.poll() is None and time.monotonic() - begun < 60:
            now = max((f.stat().st_mtime_ns for f in self.states()), default=0)
            seen += last is not None and now != last and now != 0
            last = now
            time.sleep(0.002)
        child.kill()
        _, said = child.communicate()
        return said

    def states(self) -> list:
        found = []
        for file in self.folder.glob("store/work/*/state.safetensors"):
            if file.exists():
                found.append(file)
        return found

    def models(self) -> list:
        files = self.folder.glob("store/objects/train/*/model.safetensors")
        return sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


def compare(args: argparse.Namespace, precision: str, folder: Path) -> dict:
    whole, killed = (
        Place(folder / "whole", args, precision),
        Place(folder / "killed", args, precision),
    )
    whole.finish()
    again = "going on from"
    resumed = sum(again in killed.kill(kill + 1) for kill in range(args.kills))
    resumed += again in killed.finish()
    models, expected = killed.models(), whole.models()
    same = models == expected and len(models) > 0
    return {
        "precision": precision,
        "models": len(expected),
        "resumed": resumed,
        "same": same,
        "ok": same and resumed > 0,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--kills", type=int, default=3)
    args = parser.parse_args()
    results = []
    for precision in ("f32", "bf16"):
        with tempfile.TemporaryDirectory() as folder:
            results.append(compare(args, precision, Path(folder)))
        print(json.dumps(results[-1]), flush=True)
    return 0 if all(result["ok"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
