"""Writes what tests/detect.rs compares with. The argument is a folder with
astronaut.png (NASA, public domain) and, of RetinaFace's MobileNet on it, computed with
onnxruntime, astronaut-raw-outputs.safetensors and astronaut-detections.json.

    pip install torch==2.15.0 torchvision==0.29.2 Pillow==12.3.0 safetensors==0.8.0 numpy==2.4.6
    python tests/golden/retinaface/generate.py FOLDER

- The three files are copied.
- odd.safetensors: the MobileNet in PyTorch on parts of the photograph with odd sides,
  named by their width and height.
- resnet50.safetensors: the ResNet-50 in PyTorch on one part, with weights by the formula
  below, which the test computes too, so that 109 MB need not be kept; and
  resnet50-tensors.json: their names and shapes.
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from network import RetinaFace, prepared
from PIL import Image
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "parity"))
from formula import units  # noqa: E402

WEIGHTS = HERE.parent.parent.parent / "src/prepare/detect/mobilenet025.safetensors"


def weight(name, shape):
    """A tensor of a network whose batch norms change scales, means and variances, and in
    which signals keep their size."""
    values = units(name, *shape)
    if len(shape) == 4:
        return values * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    match name.split(".")[-1]:
        case "running_var":  # Small, so that what is added to it counts.
            return (np.float32(1) + values / np.float32(2)) / np.float32(1024)
        case "weight":
            return (np.float32(1) + values / np.float32(2)) / np.float32(64)
    return values / np.float32(8)


def part(photo, left, top, width, height):
    return photo[top : top + height, left : left + width]


def outputs(network, image):
    with torch.no_grad():
        loc, conf, landmarks = network(prepared(image))
    return {"loc": loc[0], "conf": conf[0], "lm": landmarks[0]}


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    for name in ["astronaut.png", "astronaut-raw-outputs.safetensors", "astronaut-detections.json"]:
        shutil.copyfile(folder / name, HERE / name)
    photo = np.asarray(Image.open(HERE / "astronaut.png").convert("RGB"))
    versions = {"versions": f"torch {torch.__version__}"}

    mobilenet = RetinaFace("mobilenet").eval()
    mobilenet.load_state_dict(load_file(WEIGHTS), strict=False)
    odd = {}
    for width, height in [(101, 67), (1, 1), (7, 130), (130, 5)]:
        for name, values in outputs(mobilenet, part(photo, 170, 60, width, height)).items():
            odd[f"{width}x{height}.{name}"] = values.contiguous()
    save_file(odd, HERE / "odd.safetensors", versions)

    resnet = RetinaFace("resnet50").eval()
    tensors = {k: v for k, v in resnet.state_dict().items() if "num_batches" not in k}
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    made = {name: torch.from_numpy(weight(name, shape)) for name, shape in shapes.items()}
    resnet.load_state_dict(made, strict=False)
    out = outputs(resnet, part(photo, 170, 50, 93, 75))
    save_file({k: v.contiguous() for k, v in out.items()}, HERE / "resnet50.safetensors", versions)
    lines = ",\n".join(f" {json.dumps(name)}: {shape}" for name, shape in shapes.items())
    (HERE / "resnet50-tensors.json").write_text("{\n" + lines + "\n}\n")
    for name, values in out.items():
        print(name, tuple(values.shape), values.std(dim=0).tolist(), values.abs().max().item())


main()
