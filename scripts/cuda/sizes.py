"""What scripts/cuda/ counts with: networks, as VitConfig of src/model/vit/config.rs is written in JSON, and the size of
Table 3."""

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

# What experiments/table3.kdl trains: faces of `five-sets` and epochs of the recipe `paper` (sections 4.1 and 4.3 of the
# paper), the table's rows with a ViT-B/16, and the trainings behind them: five of the rows try six variants each.
TABLE3 = {"faces": 591_000, "epochs": 30, "rows": 9, "trainings": 34}
