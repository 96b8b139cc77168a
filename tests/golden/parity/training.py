"""Writes training.json: twenty steps of training in float64 with PyTorch's AdamW and
cross-entropy, timm's network, parameter groups and schedule, and the triplet losses of
mining.py, for tests/parity/training.rs.

    python tests/golden/parity/training.py
"""

import math

import torch
from formula import fingerprint, network, outputs, parameter, units, write
from mining import brute_force, metric_learning
from timm.optim import param_groups_layer_decay
from timm.scheduler import CosineLRScheduler

SHAPE = dict(patch=8, width=24, depth=3, heads=3, image=24, hidden=48)
FACES, BATCH, EPOCHS, STRIDES = 80, 16, 4, [1, 7, 11, 13]
RECIPE = dict(
    lr=2e-3, min_lr=1e-5, warmup=1.5, epochs=EPOCHS, weight_decay=0.05, layer_decay=0.65
)
MINING = ["batch-all", "hard-positive-hard-negative", "easy-positive-hard-negative"]

# A third of the faces is real; the fakes are of five data sets and four manipulations,
# two of them face swaps.
real = [i % 3 == 0 for i in range(FACES)]
manipulation = [0 if real[i] else 1 + i // 3 % 4 for i in range(FACES)]
ATTRIBUTION = {
    "none": [int(m > 0) for m in manipulation],
    "category": [(m + 1) // 2 for m in manipulation],
    "dataset": [0 if real[i] else 1 + i // 2 % 5 for i in range(FACES)],
    "manipulation": manipulation,
}


def face(i):
    noise = units(f"face {i}", 3, SHAPE["image"], SHAPE["image"])
    pattern = units(f"pattern {manipulation[i]}", *noise.shape)
    return torch.from_numpy(noise + pattern)


images = torch.stack([face(i) for i in range(FACES)]).double()


def without_key_bias(name, values):
    """The bias of the keys moves every score of a query alike, so softmax ignores it. Its
    gradient is rounding, which Adam scales up to a step: nothing to compare."""
    if name.endswith("attn.qkv.bias"):
        values = values.clone()
        values[len(values) // 3 : 2 * len(values) // 3] = 0
    return values


def train(case):
    classes = torch.tensor(ATTRIBUTION[case["attribution"]])
    model = network(
        **SHAPE, classes=int(classes.max()) + 1, layer_scale=case["layer_scale"], cls=case["cls"]
    )
    groups = param_groups_layer_decay(
        model,
        weight_decay=RECIPE["weight_decay"],
        no_weight_decay_list=model.no_weight_decay(),
        layer_decay=RECIPE["layer_decay"],
    )
    optimizer = torch.optim.AdamW(groups, lr=RECIPE["lr"])
    steps = FACES // BATCH
    schedule = CosineLRScheduler(
        optimizer,
        t_initial=(EPOCHS - RECIPE["warmup"]) * steps,
        lr_min=RECIPE["min_lr"],
        warmup_t=RECIPE["warmup"] * steps,
        warmup_lr_init=0,
        warmup_prefix=True,
        t_in_epochs=False,
    )
    head = next(g for g in optimizer.param_groups if g["lr_scale"] == 1.0)
    rates, losses, slacks = [], [], [math.inf]
    for step in range(EPOCHS * steps):
        schedule.step_update(step)
        rates.append(head["lr"])
        epoch, begin = step // steps, step % steps * BATCH
        batch = [k * STRIDES[epoch] % FACES for k in range(begin, begin + BATCH)]
        embedding, logits = outputs(model, images[batch])
        loss = torch.nn.functional.cross_entropy(
            logits, classes[batch], label_smoothing=case["smoothing"]
        )
        if case["mining"]:
            terms = (embedding, classes[batch], case["mining"], case["margin"], case["normalize"])
            triplet, _, _, slack = brute_force(*terms)
            assert abs(triplet.item() - metric_learning(*terms).item()) < 1e-9
            loss = loss + case["weight"] * triplet
            slacks.append(slack)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    updates = {}
    for name, p in model.named_parameters():
        update = p.detach() - torch.from_numpy(parameter(name, p.shape)).double()
        updates[name] = fingerprint(name, without_key_bias(name, update))
    slack = min(slacks)
    print(f"{case['name']}: {losses[0]:.4f} to {losses[-1]:.4f}, nearest choice {slack:.1e}")
    assert slack > 2e-5, "a triplet of the reference hangs on rounding: take another margin"
    return {**case, "losses": losses, "updates": updates}, rates


def case(name, **other):
    defaults = dict(attribution="none", mining=None, margin=0.3, weight=1.0, normalize=False)
    more = dict(smoothing=0.0, layer_scale=None, cls=False)
    return {"name": name, **defaults, **more, **other}


cases = []
for attribution in ATTRIBUTION:
    cases.append(case(f"cross-entropy by {attribution}", attribution=attribution))
    for mining in MINING:
        name = f"cross-entropy and {mining} by {attribution}"
        cases.append(case(name, attribution=attribution, mining=mining, weight=0.5))
cases += [
    case("label smoothing", smoothing=0.1, attribution="dataset"),
    case("batch-all on unit vectors", mining="batch-all", normalize=True, margin=0.15),
    case("layer scale and class token", layer_scale=0.1, cls=True),
]
results = [train(c) for c in cases]
write(
    "training.json",
    {
        "shape": SHAPE,
        "recipe": RECIPE,
        "batch": BATCH,
        "strides": STRIDES,
        "manipulation": manipulation,
        "attribution": ATTRIBUTION,
        "rates": results[0][1],
        "cases": [r[0] for r in results],
    },
)
