"""Writes what tests/landmarks.rs compares with: points of the 68-point network as
described (docs/faces.md), in PyTorch, for the face of the astronaut.

    pip install torch==2.15.0 opencv-python-headless==5.0.0 safetensors==0.8.0 numpy==2.4.6
    python tests/golden/landmarks/generate.py

- input: the square around RetinaFace's box, (112, 112, 3) bytes, resized by OpenCV.
- points: (68, 2) in units of the square's side.
- maps.N: mean of each channel after the dense block N, before the points.
"""

import json
import pathlib

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
WEIGHTS = HERE.parents[2] / "src/prepare/landmarks/landmark68.safetensors"
MEAN = (122.782, 117.001, 104.298)


def same(x, kernel, stride):
    """TensorFlow's padding: what is odd goes to the bottom and the right."""
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def conv(w, name, x, stride):
    if f"{name}.filters" in w:
        return F.conv2d(same(x, 3, stride), w[f"{name}.filters"], w[f"{name}.bias"], stride)
    depthwise = w[f"{name}.depthwise_filter"]
    x = F.conv2d(same(x, 3, stride), depthwise, None, stride, groups=depthwise.shape[0])
    return F.conv2d(x, w[f"{name}.pointwise_filter"], w[f"{name}.bias"])


def block(w, name, x):
    o1 = F.relu(conv(w, f"{name}.conv0", x, 2))
    o2 = conv(w, f"{name}.conv1", o1, 1)
    o3 = conv(w, f"{name}.conv2", F.relu(o1 + o2), 1)
    o4 = conv(w, f"{name}.conv3", F.relu(o1 + o2 + o3), 1)
    return F.relu(o1 + o2 + o3 + o4)


def square(image, box):
    """The square of the longer side around a box's middle; nothing of it is outside."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    x, y = (left + right - side) / 2, (top + bottom - side) / 2
    x, y, side = round(x), round(y), round(side)
    return (x, y, side), image[y : y + side, x : x + side]


def main():
    w = load_file(WEIGHTS)
    image = cv2.cvtColor(cv2.imread(str(HERE.parent / "retinaface/astronaut.png")), cv2.COLOR_BGR2RGB)
    found = json.loads((HERE.parent / "retinaface/astronaut-detections.json").read_text())
    where, face = square(image, found["astronaut.png"]["dets"][0]["box"])
    face = cv2.resize(face, (112, 112), interpolation=cv2.INTER_AREA)
    x = (torch.from_numpy(face).float() - torch.tensor(MEAN)) / 255
    x = x.permute(2, 0, 1)[None]
    out = {"input": torch.from_numpy(face).contiguous(), "square": torch.tensor(where)}
    for i in range(4):
        x = block(w, f"dense{i}", x)
        out[f"maps.{i}"] = x.mean((0, 2, 3))
    points = F.linear(x.mean((2, 3)), w["fc.weights"], w["fc.bias"])
    out["points"] = points.reshape(68, 2).contiguous()
    save_file({k: v.contiguous() for k, v in out.items()}, HERE / "landmarks.safetensors")
    return image, where, out["points"].numpy()


if __name__ == "__main__":
    main()
