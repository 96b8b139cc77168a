"""Writes optimizer.json: timm's parameter groups of ViT-B/16 and timm's learning rates of
the paper's recipe, for tests/parity/optimizer.rs.

    python tests/golden/parity/optimizer.py
"""

import timm
import torch
from formula import write
from timm.optim import param_groups_layer_decay
from timm.scheduler import CosineLRScheduler

EPOCHS, WARMUP, LR, MIN_LR, STEPS = 30, 5, 1e-4, 1e-6, 7


def groups(layer_decay):
    with torch.device("meta"):
        model = timm.create_model("vit_base_patch16_224", global_pool="avg", num_classes=2)
    names = {id(p): name for name, p in model.named_parameters()}
    found = param_groups_layer_decay(
        model,
        weight_decay=0.05,
        no_weight_decay_list=model.no_weight_decay(),
        layer_decay=layer_decay,
    )
    return [
        {
            "scale": group["lr_scale"],
            "decay": group["weight_decay"],
            "names": [names[id(p)] for p in group["params"]],
        }
        for group in found
    ]


optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=LR)
schedule = CosineLRScheduler(
    optimizer,
    t_initial=(EPOCHS - WARMUP) * STEPS,
    lr_min=MIN_LR,
    warmup_t=WARMUP * STEPS,
    warmup_lr_init=0,
    warmup_prefix=True,
    t_in_epochs=False,
)
rates = []
for step in range(EPOCHS * STEPS + 1):
    schedule.step_update(step)
    rates.append(optimizer.param_groups[0]["lr"])

write(
    "optimizer.json",
    {
        "groups": {"0.75": groups(0.75), "0.65": groups(0.65)},
        "steps_per_epoch": STEPS,
        "rates": rates,
    },
)
