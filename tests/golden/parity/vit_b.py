"""Writes vit_b.json: two blocks in the shape of ViT-B/16 at 224 pixels by timm in float64,
the outputs and fingerprints of every gradient, for tests/parity/vit_b.rs.

    python tests/golden/parity/vit_b.py
"""

import torch
from formula import fingerprint, network, outputs, units, write
from mining import brute_force

CLASSES, MARGIN, WEIGHT, SMOOTHING = [0, 1, 0, 2], 0.3, 0.5, 0.1
shape = dict(patch=16, width=768, depth=2, heads=12, image=224, hidden=3072, classes=3)

model = network(**shape)
images = torch.from_numpy(units("images", 4, 3, 224, 224) * 2).double()
classes = torch.tensor(CLASSES)


def objective(model, images):
    embedding, logits = outputs(model, images)
    triplet, _, active, slack = brute_force(embedding, classes, "batch-all", MARGIN)
    entropy = torch.nn.functional.cross_entropy(logits, classes, label_smoothing=SMOOTHING)
    assert active > 0 and slack > 1e-2, (active, slack)
    return embedding, logits, entropy + WEIGHT * triplet


embedding, logits, loss = objective(model, images)
loss.backward()
gradients = {name: p.grad for name, p in model.named_parameters()}
assert all(g.abs().max() > 0 for g in gradients.values())
write(
    "vit_b.json",
    {
        "shape": shape,
        "classes": CLASSES,
        "margin": MARGIN,
        "weight": WEIGHT,
        "smoothing": SMOOTHING,
        "loss": loss.item(),
        "logits": logits.flatten().tolist(),
        "embedding": fingerprint("embedding", embedding),
        "gradients": {name: fingerprint(name, g) for name, g in gradients.items()},
    },
)

# What single precision costs PyTorch itself, to judge the tolerance of the test.
model.zero_grad()
_, single, loss = objective(model.float(), images.float())
loss.backward()
print("f32 logits off by", ((single - logits).abs().max() / logits.abs().max()).item())
worst = max(
    ((p.grad - gradients[n]).norm() / gradients[n].norm()).item() for n, p in model.named_parameters()
)
print("f32 gradients off by", worst)
