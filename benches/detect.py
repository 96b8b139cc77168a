"""Compares RetinaFace (MobileNetV1-0.25) with onnxruntime in one run, in turns.

    pip install torch==2.15.0 torchvision==0.29.2 onnx==1.23.2 onnxruntime==1.32.0 \
        Pillow==12.3.0 safetensors==0.8.0
    python benches/detect.py [--size 640x480] [--rounds 4] [--turns 5]

A photograph with one face, brought to `--size`. onnxruntime runs the same network, exported
from PyTorch with the same weights, on one thread, and is given its input as the network
wants it; its side is the network alone. Ours goes from the frame's bytes to faces.
Processor time is counted, so that a busy machine disturbs less.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests/golden/retinaface"
FRAMES = 50


def photo(size: str, folder: Path) -> Path:
    """The photograph at a size, as a PNG file."""
    from PIL import Image

    path = folder / "photo.png"
    width, height = map(int, size.split("x"))
    Image.open(GOLDEN / "astronaut.png").convert("RGB").resize((width, height)).save(path)
    return path


def onnx(image: Path, rounds: int) -> None:
    """One turn of onnxruntime in a process of its own; prints what detect.rs prints."""
    sys.path.append(str(GOLDEN))
    import numpy as np
    import onnxruntime
    import torch
    from network import RetinaFace, prepared
    from PIL import Image
    from safetensors.torch import load_file

    torch.set_num_threads(1)
    network = RetinaFace("mobilenet").eval()
    weights = load_file(ROOT / "src/prepare/detect/mobilenet025.safetensors")
    network.load_state_dict(weights, strict=False)
    frame = prepared(np.asarray(Image.open(image)))
    path = str(image.with_suffix(".onnx"))
    torch.onnx.export(network, (frame,), path, input_names=["frame"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {"frame": frame.numpy()}
    milliseconds = []
    for round_ in range(rounds + 1):
        begun = time.process_time()
        for _ in range(FRAMES):
            session.run(None, inputs)
        if round_ > 0:
            milliseconds.append(1e3 * (time.process_time() - begun) / FRAMES)
    print(json.dumps({"milliseconds": milliseconds}))


def build() -> str:
    """Builds detect.rs and returns the program."""
    command = ["cargo", "bench", "--profile", "dev", "--bench", "detect", "--no-run"]
    out = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    messages = map(json.loads, out.stdout.splitlines())
    return [m["executable"] for m in messages if m.get("target", {}).get("name") == "detect"][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--onnx", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.onnx:
        onnx(args.onnx, args.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        image, rounds = str(photo(args.size, Path(folder))), str(args.rounds)
        sides = {
            "onnxruntime": [sys.executable, __file__, "--onnx", image, "--rounds", rounds],
            "proofmark": [build(), image, rounds],
        }
        times = {side: [] for side in sides}
        ratios = []
        for _ in range(args.turns):
            for side, command in sides.items():
                out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                times[side].append(json.loads(out.splitlines()[-1])["milliseconds"])
            ours, theirs = [statistics.median(times[side][-1]) for side in ("proofmark", "onnxruntime")]
            ratios.append(ours / theirs)
    for side, turns in times.items():
        values = [value for turn in turns for value in turn]
        print(
            f"{side:11} {statistics.median(values):.2f} ms a frame of {args.size} "
            f"({min(values):.2f} to {max(values):.2f})"
        )
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio       {statistics.median(ratios):.2f}, turn by turn {shown}")


if __name__ == "__main__":
    main()
