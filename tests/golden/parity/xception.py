"""Writes xception.json: Xception at 64 pixels by timm in float64, by the formula's parameters:
names, shapes and layers of all parameters, logits and embeddings, and fingerprints of every gradient,
while training and at evaluation, and what batch norm counted, for tests/parity/xception.rs.

    python tests/golden/parity/xception.py
"""

import timm
import torch
from formula import fingerprint, parameter, rounded, units, write
from timm.models._manipulate import group_parameters

CLASSES, IMAGE = [0, 1, 0, 2], 64

two = timm.create_model("legacy_xception", pretrained=False, num_classes=2)
out = {
    "image": IMAGE,
    "classes": CLASSES,
    "trained_of_two_classes": sum(p.numel() for p in two.parameters()),
}

model = timm.create_model("legacy_xception", pretrained=False, num_classes=3).double()
with torch.no_grad():
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(torch.from_numpy(1 + units(name, *tensor.shape) / 2))
        elif not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(parameter(name, tensor.shape)))
for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        assert (module.momentum, module.eps) == (0.1, 1e-5)
out["parameters"] = {
    name: list(tensor.shape)
    for name, tensor in model.state_dict().items()
    if not name.endswith("num_batches_tracked")
}
groups = group_parameters(model, model.group_matcher())
out["layers"] = {name: layer for layer, names in groups.items() for name in names}

images = torch.from_numpy(units("images", len(CLASSES), 3, IMAGE, IMAGE) * 2).double()
classes = torch.tensor(CLASSES)
# At evaluation first: training changes what batch norm counted.
for mode in ["eval", "train"]:
    model.train(mode == "train")
    model.zero_grad()
    features = model.forward_features(images)
    embedding = model.forward_head(features, pre_logits=True)
    logits = model.fc(embedding)
    torch.nn.functional.cross_entropy(logits, classes).backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    # A shift that the next batch norm takes away again has no gradient but rounding.
    least = 1e-9 * max(g.norm() for g in gradients.values())
    out[mode] = {
        "logits": [rounded(v) for v in logits.flatten().tolist()],
        "embedding": fingerprint("embedding", embedding),
        "gradients": {n: fingerprint(n, g) for n, g in gradients.items() if g.norm() > least},
        "vanishing": [n for n, g in gradients.items() if g.norm() <= least],
    }
    print(mode, len(out[mode]["vanishing"]), "of", len(gradients), "gradients vanish", logits)
out["statistics"] = {
    name: fingerprint(name, tensor)
    for name, tensor in model.state_dict().items()
    if "running" in name
}
write("xception.json", out)
