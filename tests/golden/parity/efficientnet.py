"""Writes efficientnet.json: EfficientNet-B4 at 96 pixels by timm in float64, by the
formula's parameters: logits, and fingerprints of every gradient, while training and at
evaluation, and what batch norm counted, for tests/parity/efficientnet.rs.

    python tests/golden/parity/efficientnet.py
"""

import timm
import torch
from formula import fingerprint, parameter, units, write

CLASSES, IMAGE = [0, 1, 0, 2], 96

model = timm.create_model(
    "tf_efficientnet_b4.ap_in1k", pretrained=False, num_classes=3, drop_rate=0.0, drop_path_rate=0.0
)
model = model.double()
with torch.no_grad():
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(torch.from_numpy(1 + units(name, *tensor.shape) / 2))
        elif not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(parameter(name, tensor.shape)))
for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = 0.01
        assert module.eps == 1e-3

images = torch.from_numpy(units("images", len(CLASSES), 3, IMAGE, IMAGE) * 2).double()
classes = torch.tensor(CLASSES)
out = {"image": IMAGE, "classes": CLASSES}
# At evaluation first: training changes what batch norm counted.
for mode in ["eval", "train"]:
    model.train(mode == "train")
    model.zero_grad()
    logits = model(images)
    torch.nn.functional.cross_entropy(logits, classes).backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    # A shift that the next batch norm takes away again has no gradient but rounding.
    least = 1e-9 * max(g.norm() for g in gradients.values())
    out[mode] = {
        "logits": logits.flatten().tolist(),
        "gradients": {n: fingerprint(n, g) for n, g in gradients.items() if g.norm() > least},
        "vanishing": [n for n, g in gradients.items() if g.norm() <= least],
    }
    print(mode, len(out[mode]["vanishing"]), "of", len(gradients), "gradients vanish")
out["statistics"] = {
    name: fingerprint(name, tensor)
    for name, tensor in model.state_dict().items()
    if name.startswith(("bn", "blocks.6")) and "running" in name
}
write("efficientnet.json", out)
