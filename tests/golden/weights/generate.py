"""Writes small checkpoints in the forms that people have, for tests/weights.rs.

    pip install torch==2.15.0 timm==1.0.31 transformers==4.57.1 safetensors==0.8.0 numpy \
        zstandard==0.25.0
    python tests/golden/weights/generate.py

transformers is here for its copy of MAE's position table alone.
"""

import argparse
import os
import pathlib

import timm
import torch
import zstandard
from safetensors.torch import save_file
from transformers.models.vit_mae.modeling_vit_mae import get_2d_sincos_pos_embed

here = pathlib.Path(__file__).parent
torch.manual_seed(3)


def save(name, content, **options):
    torch.save(content, here / name, **options)


def tensors(name, state):
    save_file({key: value.detach().contiguous() for key, value in state.items()}, here / name)


# FSFM's pre-training checkpoint (recipe 2.3), with all 297 names and tiny widths.
WIDTH, HIDDEN, DEPTH, PATCH, GRID = 8, 16, 12, 8, 2
TOKENS = GRID * GRID + 1


def block(width, hidden):
    return {
        "norm1.weight": [width], "norm1.bias": [width],
        "attn.qkv.weight": [3 * width, width], "attn.qkv.bias": [3 * width],
        "attn.proj.weight": [width, width], "attn.proj.bias": [width],
        "norm2.weight": [width], "norm2.bias": [width],
        "mlp.fc1.weight": [hidden, width], "mlp.fc1.bias": [hidden],
        "mlp.fc2.weight": [width, hidden], "mlp.fc2.bias": [width],
    }


def blocks(prefix, depth, width, hidden):
    each = block(width, hidden)
    return {f"{prefix}.{i}.{name}": shape for i in range(depth) for name, shape in each.items()}


def head(prefix, width):
    """A projection head: linear, layer norm, linear."""
    shapes = {"0.weight": [4, width], "0.bias": [4], "1.weight": [4], "1.bias": [4]}
    shapes |= {"3.weight": [2, 4], "3.bias": [2]}
    return {f"{prefix}.projection_head.{name}": shape for name, shape in shapes.items()}


shapes = {
    "cls_token": [1, 1, WIDTH], "pos_embed": [1, TOKENS, WIDTH],
    "patch_embed.proj.weight": [WIDTH, 3, PATCH, PATCH], "patch_embed.proj.bias": [WIDTH],
    **blocks("blocks", DEPTH, WIDTH, HIDDEN),
    "norm.weight": [WIDTH], "norm.bias": [WIDTH],
    "mask_token": [1, 1, WIDTH],
    "rep_decoder_embed.weight": [4, WIDTH], "rep_decoder_embed.bias": [4],
    "rep_decoder_pos_embed": [1, TOKENS, 4],
    **blocks("rep_decoder_blocks", 2, 4, 4),
    "rep_decoder_norm.weight": [4], "rep_decoder_norm.bias": [4],
    "rep_decoder_pred.weight": [4, 4], "rep_decoder_pred.bias": [4],
    **head("projector", WIDTH), **head("predictor", 2),
    "decoder_embed.weight": [4, WIDTH], "decoder_embed.bias": [4],
    "decoder_pos_embed": [1, TOKENS, 4],
    **blocks("decoder_blocks", 8, 4, 4),
    "decoder_norm.weight": [4], "decoder_norm.bias": [4],
    "decoder_pred.weight": [4, 4], "decoder_pred.bias": [4],
}
model = {name: torch.randn(shape) * 0.1 for name, shape in shapes.items()}
assert len(model) == 297
table = get_2d_sincos_pos_embed(WIDTH, GRID, add_cls_token=True)
model["pos_embed"] = torch.from_numpy(table).float().unsqueeze(0)
some = [torch.nn.Parameter(model[name].clone()) for name in ["norm.weight", "mask_token"]]
optimizer = torch.optim.AdamW(some, lr=1e-3)
sum(p.square().sum() for p in some).backward()
optimizer.step()
scaler = {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5,
          "growth_interval": 2000, "_growth_tracker": 1}
arguments = argparse.Namespace(model="fsfm_vit_base", epochs=800, blr=1.5e-4, seed=2**40,
                               data_path=pathlib.PurePosixPath("/data/VF2"), weights=None)
save("fsfm.pth", {"model": model, "optimizer": optimizer.state_dict(), "epoch": 400,
                  "scaler": scaler, "args": arguments})
encoder = {name: model[name] for name in model if name.startswith(("blocks.", "patch_embed."))}
encoder |= {name: model[name] for name in ["cls_token", "pos_embed"]}
assert len(encoder) == 148
tensors("fsfm-encoder.safetensors", encoder)

# timm's own model, in the forms in which training scripts save it.
vit = timm.models.VisionTransformer(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2,
                                    mlp_ratio=2, num_classes=5)
for parameter in vit.parameters():
    torch.nn.init.normal_(parameter, std=0.1)
state = vit.state_dict()
tensors("timm.safetensors", state)
save("timm.pth", state)
save("timm-model.pth", {"model": state, "mean": torch.zeros(3)})
save("timm-state-dict.pth", {"epoch": 3, "arch": "vit", "state_dict": state, "metric": 0.5})
save("timm-parameters.pth", {"model": dict(vit.named_parameters())})
save("timm-parallel.pth", {"state_dict": torch.nn.DataParallel(vit).state_dict()})
save("timm-half.pth", {name: value.half() for name, value in state.items()})
save("timm-double.pth", {name: value.double() for name, value in state.items()})
tensors("timm-bfloat16.safetensors", {n: value.bfloat16() for n, value in state.items()})
# All tensors as views of one storage; matrices column by column.
columns = {n: v.t() if v.dim() == 2 else v for n, v in state.items()}
flat = torch.cat([v.reshape(-1) for v in columns.values()])
parts = flat.split([v.numel() for v in columns.values()])
views = {n: part.view(v.shape) for (n, v), part in zip(columns.items(), parts)}
save("timm-views.pth", {n: v.t() if v.dim() == 2 else v for n, v in views.items()})
# A view that has more elements than its storage.
save("broadcast.pth", dict(state, cls_token=torch.zeros(1).expand(1, 1, 8)))

# What wrappers and training scripts put around it, in any order.
def wrapped(front, state=state):
    return {front + name: value for name, value in state.items()}


other = {name: value + 1 for name, value in state.items()}
save("wrap-compile.pth", wrapped("_orig_mod."))
save("wrap-both.pth", {"state_dict": wrapped("module._orig_mod.")})
save("wrap-backbone.pth", {"net": wrapped("model.backbone."), "epoch": 2})
head = {name: value for name, value in state.items() if name.startswith("head.")}
trunk = {name: value for name, value in state.items() if name not in head}
save("wrap-head-beside.pth", wrapped("backbone.", trunk) | head)
save("wrap-averaged.pth", torch.optim.swa_utils.AveragedModel(vit).state_dict())
save("nested.pth", {"trainer": {"step": 7, "networks": [wrapped("module.")]}, "epoch": 2})
save("protocol4.pth", {"model": state}, pickle_protocol=4)
save("whole.pth", {"model": vit, "epoch": 2})
save("ema.pth", {"state_dict": other, "state_dict_ema": state, "epoch": 2})
save("teacher.pth", {"student": wrapped("module.backbone.", other),
                     "teacher": wrapped("backbone.")})
save("two.pth", {"one": state, "two": other})
save("shorter.pth", {"blocks.1." + n[9:]: v for n, v in state.items() if n.startswith("blocks.0.")}
     | state)

# The format of PyTorch before 1.6, which is what there is of RetinaFace.
old = {"_use_new_zipfile_serialization": False}
save("legacy-nested.pth", {"epoch": 3, "state_dict": wrapped("module.")}, **old)
save("legacy-views.pth", {n: v.t() if v.dim() == 2 else v for n, v in views.items()}, **old)

# An archive whose table of files general readers take for something else, and one without
# checksums.
torch.save({f"k{i}": torch.zeros(4) for i in range(456)}, here / ("x" * 21 + ".pth"))
packed = (here / ("x" * 21 + ".pth")).read_bytes()
(here / ("x" * 21 + ".pth")).unlink()
(here / "many.pth.zst").write_bytes(zstandard.ZstdCompressor(19).compress(packed))
torch.serialization.set_crc32_options(False)
save("no-checksums.pth", state)
torch.serialization.set_crc32_options(True)

# Networks of timm's that are written in other ways, with what they make of an image.
images = torch.randn(2, 3, 16, 16)
results = {"images": images}
for name, options in {
    "cls": {"global_pool": "token"},
    "no-embed-class": {"no_embed_class": True},
    "registers": {"reg_tokens": 3, "no_embed_class": True},
    "registers-cls": {"reg_tokens": 3, "no_embed_class": True, "global_pool": "token"},
    "registers-embedded": {"reg_tokens": 3},
}.items():
    options = {"global_pool": "avg", **options}
    net = timm.models.VisionTransformer(img_size=16, patch_size=4, embed_dim=8, depth=2,
                                        num_heads=2, mlp_ratio=2, num_classes=2, **options).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    tensors(f"timm-{name}.safetensors", net.state_dict())
    results[name] = net(images).detach()
# DINOv2's own name for registers, and its class token with a position.
net = timm.models.VisionTransformer(img_size=16, patch_size=4, embed_dim=8, depth=2, num_heads=2,
                                    mlp_ratio=2, num_classes=2, reg_tokens=3, no_embed_class=True,
                                    global_pool="token").eval()
for parameter in net.parameters():
    torch.nn.init.normal_(parameter, std=0.3)
results["dinov2"] = net(images).detach()
state_of = net.state_dict()
state_of["register_tokens"] = state_of.pop("reg_token")
position = torch.randn(1, 1, 8) * 0.3
state_of["cls_token"] = state_of["cls_token"] - position
state_of["pos_embed"] = torch.cat([position, state_of["pos_embed"]], 1)
tensors("dinov2.safetensors", state_of)
tensors("results.safetensors", results)

# Not to be read: one that would run a command, a module of another network, a NaN.
save("module.pth", torch.nn.Linear(2, 2))


class Command:
    def __reduce__(self):
        return (os.system, ("touch PWNED",))


save("hostile.pth", {"model": {"cls_token": Command()}})
tensors("nan.safetensors", dict(state, cls_token=torch.full((1, 1, 8), float("nan"))))
