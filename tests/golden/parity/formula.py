"""Numbers that Python and Rust compute alike, to the last bit, so that weights and
images of any size need no file. tests/parity/formula.rs is the same in Rust.

The generators in this folder need

    pip install torch==2.15.0 timm==1.0.31 pytorch-metric-learning==2.9.0 numpy==2.4.6
"""

import json
import pathlib

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent
PROJECTIONS = 3
ENTRIES = 4


def mix(x):
    """The finaliser of MurmurHash3 on uint32."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def words(stream, count):
    """`count` pseudo-random uint32 of the stream called `stream`."""
    seed = 0x811C9DC5
    for byte in stream.encode():
        seed = (seed ^ byte) * 0x01000193 % 2**32  # FNV-1a
    return mix(mix(np.arange(count, dtype=np.uint32)) ^ np.uint32(seed))


def units(stream, *shape):
    """f32 in [-1, 1) with 24 random bits."""
    bits = (words(stream, int(np.prod(shape))) >> np.uint32(8)).astype(np.int32)
    return ((bits - 2**23).astype(np.float32) / np.float32(2**23)).reshape(shape)


def parameter(name, shape):
    """First values of a network's parameter: norms near 1, everything else around 0,
    matrices so that a unit input gives about a unit output."""
    values = units(name, *shape)
    if name in ("cls_token", "pos_embed"):
        return values / np.float32(4)
    if len(shape) == 1:
        norm = name.endswith("weight")
        return np.float32(1) + values / np.float32(4) if norm else values / np.float32(8)
    inputs, halvings = int(np.prod(shape[1:])), 0
    while 3 * 4**halvings < inputs:
        halvings += 1
    return values / np.float32(2**halvings)


def fingerprint(name, values):
    """A tensor in a few numbers: its norm, its largest entry, products with fixed
    random directions, and some entries."""
    flat = values.detach().double().flatten().numpy()
    directions = [units(f"projection {k} {name}", flat.size) for k in range(PROJECTIONS)]
    places = words(f"entries {name}", ENTRIES) % np.uint32(flat.size)
    return {
        "norm": rounded(np.linalg.norm(flat)),
        "max": rounded(np.abs(flat).max()),
        "projections": [rounded(flat @ d.astype(np.float64)) for d in directions],
        "entries": [rounded(flat[place]) for place in places],
    }


def rounded(value):
    """More digits than any test asks for."""
    return float(f"{value:.10g}")


def network(patch, width, depth, heads, image, hidden, classes, layer_scale=None, cls=False):
    """timm's Vision Transformer in float64, with the formula's parameters."""
    import timm

    model = timm.models.vision_transformer.VisionTransformer(
        img_size=image,
        patch_size=patch,
        embed_dim=width,
        depth=depth,
        num_heads=heads,
        mlp_ratio=hidden / width,
        num_classes=classes,
        init_values=layer_scale,
        global_pool="token" if cls else "avg",
        fc_norm=True,
    ).double()
    assert isinstance(model.norm, torch.nn.Identity)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.copy_(torch.from_numpy(parameter(name, tensor.shape)))
    return model


def outputs(model, images):
    """Embedding (after fc_norm) and logits."""
    embedding = model.forward_head(model.forward_features(images), pre_logits=True)
    return embedding, model.head(embedding)


def write(name, value):
    import pytorch_metric_learning
    import timm

    versions = {
        "torch": torch.__version__,
        "timm": timm.__version__,
        "pytorch-metric-learning": pytorch_metric_learning.__version__,
    }
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in {"versions": versions, **value}.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (HERE / name).write_text(text)
    print(name, len(text), "bytes", versions)
