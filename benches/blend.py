"""Compares self-blended pairs with the pipeline as described (docs/pseudo-fakes.md), written
straightforwardly with OpenCV and numpy, in one run, in turns, on one thread each.

    pip install opencv-python-headless==5.0.0 numpy==2.4.6 safetensors==0.8.0
    python benches/blend.py FOLDER [--rounds 2] [--turns 3] [--program PROGRAM]

FOLDER holds square faces of 256 pixels. Both sides begin with decoded faces and the same 68
landmarks, and make a real and its fake of 380 by 380 pixels; normalising is left out on both
sides. Processor time is counted, so that a busy machine disturbs less.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/golden/blend"))
from generate import (  # noqa: E402
    affine, coarsen, cut_off, elastic, jpeg, outline, raised, sharpen, soften,
)

BOX, SIDE = (0.2, 0.2, 0.8, 0.9), 380


def brightness_contrast(image, b, c):
    v = np.arange(256, dtype=np.float32)
    return cv2.LUT(image, cut_off(v * (1 + c) + 255 * b))


def shift_rgb(image, by):
    v = np.arange(256, dtype=np.float32)
    return np.stack([cv2.LUT(image[..., i], cut_off(v + by[i])) for i in range(3)], -1)


def shift_hsv(image, by):
    h, s, v = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))
    ramp = np.arange(256, dtype=np.float32)
    h = cv2.LUT(h, np.mod(ramp + by[0], 180).astype(np.uint8))
    s, v = cv2.LUT(s, cut_off(ramp + by[1])), cv2.LUT(v, cut_off(ramp + by[2]))
    return cv2.cvtColor(cv2.merge([h, s, v]), cv2.COLOR_HSV2RGB)


def recolour(image, rng):
    if rng.random() < 0.3:
        image = shift_rgb(image, rng.uniform(-20, 20, 3))
    image = shift_hsv(image, rng.uniform(-0.3, 0.3, 3))
    image = brightness_contrast(image, *rng.uniform(-0.1, 0.1, 2))
    if rng.random() < 0.5:
        return coarsen(image, rng.choice([2, 4]))
    return sharpen(image, rng.uniform(0.2, 0.5), rng.uniform(0.5, 1))


def augment(images, rng):
    if rng.random() < 0.3:
        by = rng.uniform(-20, 20, 3)
        images = [shift_rgb(i, by) for i in images]
    if rng.random() < 0.3:
        by = rng.uniform(-0.3, 0.3, 3)
        images = [shift_hsv(i, by) for i in images]
    if rng.random() < 0.3:
        by = rng.uniform(-0.3, 0.3, 2)
        images = [brightness_contrast(i, *by) for i in images]
    if rng.random() < 0.5:
        quality = int(rng.integers(40, 101))
        images = [jpeg(i, quality) for i in images]
    return images


def mask_of(points, shape, rng):
    kind = rng.integers(4)
    whole = np.round(points).astype(np.int32)
    if kind == 0:
        return outline("full", whole, shape)
    if kind == 1:
        return outline("components", raised(points), shape)
    if kind == 2:
        return outline("components", whole, shape)
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(whole), 255, lineType=cv2.LINE_AA)
    return mask.astype(np.float32) / 255


def pair(image, points, rng):
    h, w = image.shape[:2]
    box = np.array(BOX) * w
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
        points = np.stack([w - points[:, 0], points[:, 1]], 1)
        box = np.array([w - box[2], box[1], w - box[0], box[3]])
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    bw, bh = x1 - x0, y1 - y0
    left, top = max(int(x0 - bw / 2), 0), max(int(y0 - bh), 0)
    right, bottom = min(int(x1 + bw / 2), w), min(int(y1 + bh * 0.4), h)
    target = image[top:bottom, left:right].copy()
    points, box = points - (left, top), box - (left, top, left, top)
    shape = target.shape[:2]
    mask = mask_of(points, shape, rng)
    source = target.copy()
    if rng.random() < 0.5:
        source = recolour(source, rng)
    else:
        target = recolour(target, rng)
    scale = rng.uniform(0.95, 1 / 0.95, 2)
    shift = rng.uniform(-1, 1, 2) * (0.03 * shape[1], 0.015 * shape[0])
    source = affine(source, scale, shift, cv2.INTER_LINEAR)
    mask = affine(mask, scale, shift, cv2.INTER_NEAREST)
    mask = elastic(mask, rng.uniform(-1, 1, (2, *shape)).astype(np.float32))
    size = tuple(int(v) for v in rng.integers(192, 257, 2))
    first, second = (int(v) for v in 2 * rng.integers(2, 13, 2) + 1)
    mask = soften(mask, size, first, second, int(rng.integers(5, 46)))
    mask = (mask * rng.choice([0.25, 0.5, 0.75, 1, 1, 1]))[..., None]
    fake = (mask * source + (1 - mask) * target).astype(np.uint8)
    real, fake = augment([target, fake], rng)
    sides = np.array([box[2] - box[0], box[3] - box[1]])
    margins = rng.uniform(0.2, 0.8, 4) / 4
    x0, y0 = np.maximum(box[:2] - sides * margins[:2], 0).astype(int)
    x1, y1 = np.minimum(box[2:] + sides * margins[2:], shape[::-1]).astype(int)
    return [cv2.resize(i[y0:y1, x0:x1], (SIDE, SIDE)) for i in (real, fake)]


def opencv(marks, rounds):
    """One turn in a process of its own; prints what blend.rs prints."""
    cv2.setNumThreads(1)
    faces = []
    for entry in json.loads(Path(marks).read_text()):
        image = np.ascontiguousarray(cv2.imread(entry["file"])[..., ::-1])
        faces.append((image, np.array(entry["points"]) * image.shape[1]))
    rng = np.random.default_rng(0)
    milliseconds = []
    for round_ in range(rounds + 1):
        begun = time.process_time()
        for image, points in faces:
            with np.errstate(invalid="ignore", divide="ignore"):
                pair(image, points, rng)
        if round_ > 0:
            milliseconds.append(1e3 * (time.process_time() - begun) / len(faces))
    print(json.dumps({"milliseconds": milliseconds}))


def build():
    command = ["cargo", "bench", "--profile", "dev", "--bench", "blend", "--no-run"]
    out = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    made = [json.loads(line) for line in out.stdout.splitlines()]
    return next(m["executable"] for m in made if m.get("target", {}).get("name") == "blend")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--program")
    parser.add_argument("--opencv", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.opencv:
        opencv(arguments.opencv, arguments.rounds)
        return
    program = arguments.program or build()
    marks = Path(tempfile.mkdtemp()) / "marks.json"
    rounds = str(arguments.rounds)
    python = [sys.executable, __file__, arguments.folder, "--rounds", rounds, "--opencv", marks]
    sides = {"proofmark": [program, arguments.folder, rounds, marks], "opencv": python}
    times = {name: [] for name in sides}
    for _ in range(arguments.turns):
        for name, command in sides.items():
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            times[name] += json.loads(out)["milliseconds"]
    for name, values in times.items():
        print(
            f"{name}: {statistics.median(values):.2f} ms a pair "
            f"({len(values)} rounds: {min(values):.2f} to {max(values):.2f})"
        )
    ratio = statistics.median(times["opencv"]) / statistics.median(times["proofmark"])
    print(f"ratio: {ratio:.1f}")


if __name__ == "__main__":
    main()
