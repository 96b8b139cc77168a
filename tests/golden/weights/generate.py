"""Writes small checkpoints in the forms that people have, for tests/weights.rs.

    pip install torch==2.15.0 safetensors==0.8.0 numpy
    python tests/golden/weights/generate.py
"""

import argparse
import os
import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
torch.manual_seed(3)
D, HIDDEN, DEPTH, PATCH, GRID = 8, 16, 2, 8, 2


def encoder():
    shapes = {
        "cls_token": [1, 1, D],
        "pos_embed": [1, GRID * GRID + 1, D],
        "patch_embed.proj.weight": [D, 3, PATCH, PATCH],
        "patch_embed.proj.bias": [D],
        "norm.weight": [D],
        "norm.bias": [D],
    }
    for i in range(DEPTH):
        for name, shape in {
            "norm1.weight": [D], "norm1.bias": [D],
            "attn.qkv.weight": [3 * D, D], "attn.qkv.bias": [3 * D],
            "attn.proj.weight": [D, D], "attn.proj.bias": [D],
            "norm2.weight": [D], "norm2.bias": [D],
            "mlp.fc1.weight": [HIDDEN, D], "mlp.fc1.bias": [HIDDEN],
            "mlp.fc2.weight": [D, HIDDEN], "mlp.fc2.bias": [D],
        }.items():
            shapes[f"blocks.{i}.{name}"] = shape
    return {name: torch.randn(shape) * 0.1 for name, shape in shapes.items()}


# As FSFM's pre-training saves: more tensors than the encoder, an optimiser, a Namespace.
model = encoder()
model["mask_token"] = torch.zeros(1, 1, D)
model["decoder_embed.weight"] = torch.randn(4, D)
optimizer = {"state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-3}]}
torch.save(
    {"model": model, "optimizer": optimizer, "epoch": 400, "scaler": {"scale": 65536.0},
     "args": argparse.Namespace(model="fsfm", epochs=800)},
    here / "fsfm.pth",
)
save_file({k: v.contiguous() for k, v in model.items()}, here / "fsfm.safetensors")

# As timm: a flat dictionary, a head of another class count.
flat = dict(model, **{"head.weight": torch.randn(5, D), "head.bias": torch.zeros(5)})
torch.save(flat, here / "timm.pth")

# Not to be read: a legacy pickle, a pickle that would run a command, a NaN.
torch.save({"cls_token": torch.zeros(1, 1, D)}, here / "legacy.pth", _use_new_zipfile_serialization=False)


class Command:
    def __reduce__(self):
        return (os.system, ("touch PWNED",))


torch.save({"model": {"cls_token": Command()}}, here / "hostile.pth")
broken = dict(model)
broken["cls_token"] = torch.full((1, 1, D), float("nan"))
save_file({k: v.contiguous() for k, v in broken.items()}, here / "nan.safetensors")
