"""Parameters and multiply-adds of networks, by timm and PyTorch's own counter.

    python -m venv venv
    venv/bin/pip install torch==2.15.0 timm==1.0.31
    venv/bin/python tests/golden/cost/generate.py

Writes golden.json beside this file; the tests read it without Python.
"""

import json
from pathlib import Path

import timm
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

NETWORKS = {
    "vit-b16-224": ("vit_base_patch16_224", 224, {"global_pool": "avg"}),
    "vit-s14-112": (
        "vit_small_patch14_dinov2",
        112,
        {"global_pool": "avg", "img_size": 112},
    ),
    "vit-s14-224-registers": (
        "vit_small_patch14_reg4_dinov2",
        224,
        {"global_pool": "avg", "img_size": 224},
    ),
    "efficientnet-b0-224": ("tf_efficientnet_b0", 224, {}),
    "efficientnet-b4-380": ("tf_efficientnet_b4", 380, {}),
    "xception-299": ("legacy_xception", 299, {}),
}

golden = {}
for name, (model, side, options) in NETWORKS.items():
    network = timm.create_model(model, num_classes=2, **options).eval()
    # What timm fuses is no operation that the counter knows.
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network(torch.zeros(1, 3, side, side))
    golden[name] = {
        "parameters": sum(p.numel() for p in network.parameters()),
        "multiply_adds": counter.get_total_flops() // 2,
    }
    print(name, golden[name])
(Path(__file__).parent / "golden.json").write_text(json.dumps(golden, indent=2) + "\n")
