"""Writes corruptions.safetensors: a face after Pillow's JPEG and resizing and SciPy's
Gaussian filter, for tests/corruptions.rs. The argument is NASA's photograph of an
astronaut, as in scikit-image, 512 x 512, public domain.

    pip install Pillow==12.3.0 scipy==1.17.1 safetensors==0.8.0 numpy==2.4.6
    python tests/golden/corruptions/generate.py astronaut.png

A tensor's name is `kind|strength`; `face` is the face as it was, 96 x 96.
"""

import io
import math
import pathlib
import sys

import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter

photo = Image.open(sys.argv[1]).convert("RGB")
face = photo.crop((170, 60, 290, 180)).resize((96, 96), Image.Resampling.BICUBIC)
pixels = np.asarray(face)
tensors = {"face": pixels}
for quality in [10, 30, 50, 75, 95]:
    file = io.BytesIO()
    face.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    tensors[f"jpeg|{quality}"] = np.asarray(Image.open(file).convert("RGB"))
for side in [0.25, 0.5, 0.75]:
    small = face.resize((round(96 * side),) * 2, Image.Resampling.BICUBIC)
    tensors[f"resize|{side}"] = np.asarray(small.resize((96, 96), Image.Resampling.BICUBIC))
for sigma in [0.5, 1, 2, 4]:
    blurred = gaussian_filter(pixels.astype(np.float64), (sigma, sigma, 0), mode="nearest")
    tensors[f"blur|{sigma}"] = np.clip(np.round(blurred), 0, 255).astype(np.uint8)
for quality in [30, 60, 90]:
    shared = face
    for _ in range(2):
        side = round(shared.width * math.sqrt(0.5))
        shared = shared.resize((side, side), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        shared.save(file, "JPEG", quality=quality, subsampling="4:2:0")
        shared = Image.open(file).convert("RGB")
    tensors[f"social|{quality}"] = np.asarray(shared.resize((96, 96), Image.Resampling.BICUBIC))

target = pathlib.Path(__file__).with_name("corruptions.safetensors")
save_file({name: np.ascontiguousarray(t) for name, t in tensors.items()}, target)
