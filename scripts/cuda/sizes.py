"""Networks of scripts/cuda/parity.py and bench.py, as VitConfig of src/model/vit/config.rs is written in JSON."""

VIT_B = {
    "patch": 16,
    "width": 768,
    "depth": 12,
    "heads": 12,
    "image": 224,
    "hidden": 3072,
    "layer_scale": None,
    "registers": 0,
    "pool": "patch-mean",
    "drop_path": 0.0,
    "classes": 2,
}
TINY = VIT_B | {"patch": 4, "width": 24, "depth": 3, "heads": 3, "image": 12, "hidden": 44}
