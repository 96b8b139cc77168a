"""Compares preparing faces from videos with a Python pipeline in one run, in turns.

    pip install opencv-python-headless onnxruntime onnx torch torchvision numpy safetensors
    python benches/prepare.py [--clips 16] [--seconds 20] [--turns 3]

Both sides read the same clips (640 x 480, H.264, 30 frames a second, the astronaut moving in
front of a noisy camera), take a frame a second, find faces with the same RetinaFace
(MobileNet-0.25) at full size, grow the boxes by 30 %, cut squares, resize them to 224 pixels
and store them. Python decodes with OpenCV, which skips the conversion of frames that are not
taken, detects with onnxruntime on all cores, and writes PNG files. Proofmark is the whole
program, from start to exit. Prints faces per second by the clock, and processor time.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGE = ROOT / "tests/golden/retinaface/astronaut.png"
WEIGHTS = ROOT / "src/prepare/detect/mobilenet025.safetensors"
SIZE = (640, 480)
SCORE, NMS, MARGIN, SIDE = 0.8, 0.4, 0.3, 224

EXPERIMENT = """
dataset clips {
    layout folder root="clips" { class real label=real; class fake label=fake }
    split carve train=(%)50 val=(%)25 test=(%)25
    frames fps=1
    faces detector=retinaface margin=(%)30 size=224 long-side=0
}
ensemble one { source clips }
backbone tiny { vit patch=16 width=16 depth=1 heads=2 image=224 }
init scratch { random std=0.02 }
recipe short { epochs 1; batch 4; adamw lr=1e-3; keep last }
experiment base { data one; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
"""


def make_clips(folder: Path, clips: int, seconds: int) -> None:
    for number in range(clips):
        target = folder / "clips" / ("real" if number % 2 else "fake") / f"{number}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        move = f"crop=480:360:'16+14*sin(t*1.3+{number})':'8+8*cos(t*2+{number})'"
        look = f"{move},scale={SIZE[0]}:{SIZE[1]},noise=alls=7:allf=t,format=yuv420p"
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-loop", "1", "-i", IMAGE]
            + ["-t", str(seconds), "-r", "30", "-vf", look, "-c:v", "libx264", target],
            check=True,
        )


def export(path: Path) -> None:
    """The network as ONNX, for any number of rows and columns of pixels."""
    sys.path.insert(0, str(ROOT / "tests/golden/retinaface"))
    import torch
    from network import RetinaFace
    from safetensors.torch import load_file

    network = RetinaFace("mobilenet")
    network.load_state_dict(load_file(WEIGHTS), strict=False)
    example = torch.zeros(1, 3, SIZE[1], SIZE[0])
    torch.onnx.export(network.eval(), example, str(path), dynamo=False)


def pipeline(clips: Path, model: Path, store: Path) -> int:
    """The Python side. Returns the number of faces."""
    import cv2
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    width, height = SIZE
    priors = []
    for stride, sizes in [(8, (16, 32)), (16, (64, 128)), (32, (256, 512))]:
        for row in range(-(-height // stride)):
            for column in range(-(-width // stride)):
                middle = ((column + 0.5) * stride / width, (row + 0.5) * stride / height)
                priors += [(*middle, size / width, size / height) for size in sizes]
    priors = np.array(priors, np.float32)

    def detect(frame):
        pixels = frame.astype(np.float32) - np.array((104, 117, 123), np.float32)
        boxes, scores, _ = session.run(None, {name: pixels.transpose(2, 0, 1)[None]})
        keep = scores[0, :, 1] >= SCORE
        boxes, scores, at = boxes[0][keep], scores[0, keep, 1], priors[keep]
        middle = at[:, :2] + boxes[:, :2] * 0.1 * at[:, 2:]
        extent = at[:, 2:] * np.exp(boxes[:, 2:] * 0.2)
        corners = np.concatenate([middle - extent / 2, middle + extent / 2], 1)
        corners *= np.array([width, height, width, height], np.float32)
        kept = []
        for i in scores.argsort()[::-1]:
            a = corners[i]
            for j in kept:
                b = corners[j]
                across = min(a[2], b[2]) - max(a[0], b[0]) + 1
                down = min(a[3], b[3]) - max(a[1], b[1]) + 1
                both = max(across, 0) * max(down, 0)
                area = sum((c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b))
                if both / (area - both) > NMS:
                    break
            else:
                kept.append(i)
        return corners[kept]

    faces = 0
    for clip in sorted(clips.rglob("*.mp4")):
        video = cv2.VideoCapture(str(clip))
        rate = video.get(cv2.CAP_PROP_FPS)
        index = 0
        while video.grab():
            if index % round(rate) == 0:
                frame = video.retrieve()[1]
                for number, (left, top, right, bottom) in enumerate(detect(frame)):
                    side = int(max(right - left, bottom - top) * (1 + MARGIN))
                    x = max(int((left + right) / 2) - side // 2, 0)
                    y = max(int((top + bottom) / 2) - side // 2, 0)
                    side = min(side, width - x, height - y)
                    crop = frame[y : y + side, x : x + side]
                    crop = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                    cv2.imwrite(str(store / f"{clip.stem}_{index}_{number}.png"), crop)
                    faces += 1
            index += 1
    return faces


def timed(command: list) -> tuple[float, float, str]:
    """Seconds by the clock, of processor time, and the output of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    took = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return took, used, ran.stdout + ran.stderr


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--clips", type=int, default=16)
    arguments.add_argument("--seconds", type=int, default=20)
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--side", nargs=3, type=Path, help="for the script itself")
    options = arguments.parse_args()
    if options.side:
        print(pipeline(*options.side))
        return
    subprocess.run(["cargo", "build"], cwd=ROOT, check=True)
    program = ROOT / "target/debug/proofmark"
    expected = options.clips * options.seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clips(folder, options.clips, options.seconds)
        export(folder / "model.onnx")
        (folder / "x.kdl").write_text(EXPERIMENT)
        found = {"Python": [], "Proofmark": []}
        for turn in range(options.turns):
            pngs = folder / f"png{turn}"
            pngs.mkdir()
            side = [folder / "clips", folder / "model.onnx", pngs]
            took, used, output = timed([sys.executable, __file__, "--side", *side])
            assert int(output.split()[-1]) == expected, output
            found["Python"].append((expected / took, used))
            store = folder / f"store{turn}"
            command = [program, "prepare", folder / "x.kdl", "--store", store]
            took, used, output = timed(command)
            assert f" {expected} faces" in output, output
            found["Proofmark"].append((expected / took, used))
    print(f"{options.clips} clips of {options.seconds} s, {expected} faces, {os.cpu_count()} cores")
    rates = {}
    for who, turns in found.items():
        rates[who] = statistics.median(rate for rate, _ in turns)
        used = statistics.median(used for _, used in turns) / expected
        spread = f"{min(r for r, _ in turns):.1f} to {max(r for r, _ in turns):.1f}"
        print(f"{who:10} {rates[who]:6.1f} faces/s ({spread}), {1e3 * used:.1f} ms of a core a face")
    print(f"ratio {rates['Proofmark'] / rates['Python']:.2f}")


if __name__ == "__main__":
    main()
