"""Writes vit.safetensors: a small Vision Transformer of timm with its weights, an
input, the outputs and every gradient, for tests/vit.rs.

    pip install torch==2.15.0 timm==1.0.31 safetensors==0.8.0 numpy
    python tests/golden/vit/generate.py
"""

import json
import pathlib

import timm
import torch
from safetensors.torch import save_file

torch.manual_seed(7)
torch.set_num_threads(1)
config = dict(image=24, patch=8, width=24, depth=3, heads=3, hidden=48, classes=3)
out = {}
for name, layer_scale in [("plain", None), ("scaled", 0.1)]:
    model = timm.models.vision_transformer.VisionTransformer(
        img_size=config["image"],
        patch_size=config["patch"],
        embed_dim=config["width"],
        depth=config["depth"],
        num_heads=config["heads"],
        mlp_ratio=config["hidden"] / config["width"],
        num_classes=config["classes"],
        init_values=layer_scale,
        global_pool="avg",
        fc_norm=True,
    )
    assert isinstance(model.norm, torch.nn.Identity)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    images = torch.randn(5, 3, config["image"], config["image"])
    classes = torch.tensor([0, 1, 2, 1, 0])
    tokens = model.forward_features(images)
    embedding = model.forward_head(tokens, pre_logits=True)
    logits = model(images)
    # Both losses of the paper's objective reach every parameter.
    loss = torch.nn.functional.cross_entropy(logits, classes) + 0.01 * embedding.square().sum()
    loss.backward()
    out[f"{name}.images"] = images
    out[f"{name}.embedding"] = embedding.detach()
    out[f"{name}.logits"] = logits.detach()
    out[f"{name}.loss"] = loss.detach().reshape(1)
    for key, parameter in model.named_parameters():
        out[f"{name}.weight.{key}"] = parameter.detach()
        out[f"{name}.grad.{key}"] = parameter.grad

# Position tables on other grids, as FSFM resizes them.
table = torch.randn(1, 37, 8)
out["grid.from6"] = table
for side in [4, 6, 9]:
    grid = table[:, 1:].reshape(1, 6, 6, 8).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    grid = grid.permute(0, 2, 3, 1).reshape(1, side * side, 8)
    out[f"grid.to{side}"] = torch.cat([table[:, :1], grid], dim=1)

path = pathlib.Path(__file__).parent / "vit.safetensors"
versions = f"torch {torch.__version__}, timm {timm.__version__}"
save_file({k: v.contiguous() for k, v in out.items()}, path, {"versions": versions, "config": json.dumps(config)})
print(path, versions)
