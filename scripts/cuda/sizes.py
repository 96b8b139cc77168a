"""What scripts/cuda/ counts with: networks, as VitConfig of src/model/vit/config.rs is written in JSON, those of
convolutions, as Architecture of src/model/architecture.rs is, and the size of Table 3."""

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
B4 = {
    "width": 1.4,
    "depth": 1.8,
    "image": 380,
    "dropout": 0.4,
    "momentum": 0.01,
    "drop_path": 0.2,
    "classes": 2,
}
XCEPTION = {"image": 299, "dropout": 0.5, "momentum": 0.1, "classes": 2}
# Name, network, images, and the images of a step that is timed: the paper's sizes, smaller to compare.
CONVOLUTIONS = [
    ("EfficientNet-B4", {"efficientnet": B4 | {"image": 160}}, 8, {"efficientnet": B4}, 32),
    ("Xception", {"xception": XCEPTION | {"image": 131}}, 8, {"xception": XCEPTION}, 32),
]
SMALL_CONVOLUTIONS = [
    (
        "EfficientNet",
        {"efficientnet": B4 | {"width": 0.3, "depth": 0.4, "image": 48}},
        3,
        {"efficientnet": B4 | {"width": 0.3, "depth": 0.4, "image": 32}},
        2,
    ),
]
