"""Writes transforms.safetensors: what Pillow, timm and torchvision make of two images,
for tests/transforms.rs. The argument is NASA's photograph of an astronaut, as in
scikit-image, 512 x 512, public domain.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 Pillow==12.3.0 \
        safetensors==0.8.0 numpy==2.4.6
    python tests/golden/transforms/generate.py astronaut.png

Pillow 13 takes the vertical pass first for some shapes, which moves bytes by a level or
two; all before take the horizontal one first, and so do we.

A tensor's name says how it was made: `image|step|operation|level|sign|filter` by timm's
own functions, `image|window|x,y,width,height|side|filter` by Pillow, and
`image|evaluation|way|side` and `image|blur|kernel|sigma` by torchvision.
"""

import math
import pathlib
import sys
from unittest import mock

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from timm.data import auto_augment
from torchvision import transforms
from torchvision.transforms import functional

FILL = (140, 108, 93)
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
PLAIN = ["AutoContrast", "Equalize", "Invert", "PosterizeIncreasing", "SolarizeIncreasing",
         "SolarizeAdd"]
SIGNED = ["ColorIncreasing", "ContrastIncreasing", "BrightnessIncreasing", "SharpnessIncreasing"]
GEOMETRIC = ["Rotate", "ShearX", "ShearY", "TranslateXRel", "TranslateYRel"]

photo = Image.open(sys.argv[1]).convert("RGB")
rng = np.random.default_rng(3)
ramp = np.linspace(0, 200, 21)[None, :, None] + np.linspace(0, 30, 15)[:, None, None]
odd = np.clip(ramp + rng.integers(0, 40, (15, 21, 3)) - 10, 0, 255).astype(np.uint8)
images = {
    "face": photo.crop((170, 60, 280, 170)).resize((26, 26), Image.Resampling.BOX),
    "odd": Image.fromarray(odd),
}
large = photo.crop((180, 70, 276, 166))
tensors = {name: np.asarray(image) for name, image in images.items()}
tensors["large"] = np.asarray(large)


def step(image, operation, level, negative, **kwargs):
    to_argument = auto_augment.LEVEL_TO_ARG[operation]
    hparams = {"translate_pct": 0.45}
    # timm negates when a random number is above a half.
    with mock.patch("random.random", lambda: 0.9 if negative else 0.1):
        arguments = to_argument(level, hparams) if to_argument is not None else ()
    return auto_augment.NAME_TO_OP[operation](image, *arguments, fillcolor=FILL, **kwargs)


for name, image in images.items():
    for level in [0.4, 9.0, 10.0]:
        for operation in PLAIN:
            if operation == "PosterizeIncreasing" and level == 10.0:
                continue  # No bits: older Pillow made the image black, this one refuses.
            made = step(image, operation, level, False)
            tensors[f"{name}|step|{operation}|{level}|+|none"] = made
        for sign in "+-":
            for operation in SIGNED:
                made = step(image, operation, level, sign == "-")
                tensors[f"{name}|step|{operation}|{level}|{sign}|none"] = made
            for operation in GEOMETRIC:
                for word, resample in FILTERS.items():
                    made = step(image, operation, level, sign == "-", resample=resample)
                    tensors[f"{name}|step|{operation}|{level}|{sign}|{word}"] = made

for x, y, width, height in [(0, 0, 96, 96), (5, 11, 61, 83), (40, 2, 17, 20)]:
    for side in [32, 48]:
        for word, resample in FILTERS.items():
            made = large.crop((x, y, x + width, y + height)).resize((side, side), resample)
            tensors[f"large|window|{x},{y},{width},{height}|{side}|{word}"] = made

bicubic = transforms.InterpolationMode.BICUBIC
for side, short in [(28, 32), (112, 128), (224, 256)]:
    ways = {
        "center-crop": [transforms.Resize(short, bicubic), transforms.CenterCrop(side)],
        "straight": [transforms.Resize((side, side), bicubic)],
    }
    for way, steps in ways.items():
        if side < 224 or way == "center-crop":
            tensors[f"large|evaluation|{way}|{side}"] = transforms.Compose(steps)(large)

for name, image in images.items():
    for sigma in [0.3, 1.0, 2.0]:
        kernel = 2 * math.ceil(3 * sigma) + 1
        tensors[f"{name}|blur|{kernel}|{sigma}"] = functional.gaussian_blur(image, kernel, sigma)

arrays = {name: np.ascontiguousarray(np.asarray(made)) for name, made in tensors.items()}
assert all(array.dtype == np.uint8 for array in arrays.values())
here = pathlib.Path(__file__).parent
save_file(arrays, here / "transforms.safetensors")
print(len(arrays), "tensors")
