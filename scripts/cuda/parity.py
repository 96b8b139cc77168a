"""Holds what Proofmark computes on a GPU against PyTorch and timm on the same GPU, and against Proofmark's own CPU.

    python scripts/cuda/parity.py --program GPU [--device cuda:0] [--network NAME]... [--out FILE.json]
    python scripts/cuda/parity.py --network NAME --write FILE.safetensors

GPU is `benches/gpu`, built with the feature `cuda`. Both sides get the same weights and images from a file. In f32
(PyTorch's TF32 is off) embeddings differ by 1e-5 at most, and gradients by 1e-4, relative to the largest number of
the embeddings and of each parameter's gradient. In bf16 (PyTorch: autocast) differences to PyTorch's f32, of embeddings,
gradients and the losses of 20 steps, are no larger than those that PyTorch's bf16 has, times ONE for one network, where
an error of the logits is in every gradient and chance says much, and times ALL for the sums over all networks.
With `--device cpu` there is no GPU, and bf16 is what candle and PyTorch make of it on the CPU.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from network import Network, draw
from safetensors.torch import load_file, save_file
from sizes import TINY, VIT_B

FORWARD, BACKWARD, TRAINED = 1e-5, 1e-4, 1e-3
ONE, ALL = 3.0, 1.5
STEPS = 20

# Config, images, learning rate, and whether the CPU does all steps, too.
NETWORKS = {
    "odd": (TINY, 5, 1e-3),
    # With heads that attention is one kernel for; of fewer images the gradients of the last norm nearly cancel out.
    "registers": (
        TINY | {"width": 128, "heads": 2, "layer_scale": 0.3, "registers": 2},
        11,
        1e-3,
    ),
    "cls": (TINY | {"pool": "cls", "patch": 6, "classes": 3}, 3, 1e-3),
    "wide": (
        VIT_B | {"width": 188, "heads": 2, "depth": 2, "image": 80, "hidden": 500, "classes": 5},
        6,
        1e-3,
    ),
    "ti": (VIT_B | {"width": 192, "heads": 3, "depth": 4, "image": 112, "hidden": 768}, 16, 1e-4),
    "b": (VIT_B, 16, 2e-5),
}


def ours(
    program: str, device: str, precision: str, steps: int, given: Path, to: Path
) -> tuple[dict, dict]:
    """What Proofmark computes, and what it says of it."""
    command = [program, "parity", device, precision, str(steps), str(given), str(to)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(
            f"{' '.join(command[1:4])} ended with {done.returncode}: {done.stderr[-1500:]}"
        )
    return load_file(to), json.loads(done.stdout)


def theirs(config: dict, given: dict, lr: float, device: str, half: bool) -> dict:
    """The same by PyTorch."""
    network = Network(config, device)
    network.load(given)
    images, classes = given["images"].to(device), given["classes"].to(device)
    kind = device.split(":")[0]
    optimizer = torch.optim.AdamW(network.groups(), lr=lr, betas=(0.9, 0.999), eps=1e-8)

    def logits() -> torch.Tensor:
        with torch.autocast(kind, torch.bfloat16, enabled=half):
            return network.model(images).float()

    def differentiate() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits(), classes)
        loss.backward()
        return loss.item()

    with torch.no_grad(), torch.autocast(kind, torch.bfloat16, enabled=half):
        out = {"embedding": network.embed(images).float().cpu()}
    differentiate()
    out |= {f"gradient.{name}": values for name, values in network.gradients().items()}
    losses = []
    for _ in range(STEPS):
        losses.append(differentiate())
        optimizer.step()
    with torch.no_grad():
        out["predictions"] = logits().softmax(1).cpu()
    out["losses"] = torch.tensor(losses, dtype=torch.float64)
    return out


def off(got: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference relative to the largest number. What is no number is infinitely far."""
    got, expected = got.double(), expected.double()
    difference = ((got - expected).abs().max() / expected.abs().max().clamp(min=1e-12)).item()
    return difference if difference == difference else float("inf")


def apart(got: dict, expected: dict, names: list) -> float:
    """Mean over tensors of the root of the mean square difference relative to that of what is expected."""
    each = [
        (
            (got[n] - expected[n]).double().norm() / expected[n].double().norm().clamp(min=1e-12)
        ).item()
        for n in names
    ]
    mean = sum(each) / len(each)
    return mean if mean == mean else float("inf")


def close(got: dict, expected: dict) -> dict:
    """How far embeddings, gradients, losses and predictions in f32 are off, and whether that is near enough."""
    gradients = {n: off(got[n], expected[n]) for n in expected if n.startswith("gradient.")}
    worst = max(gradients, key=gradients.get)
    found = {
        "embedding": off(got["embedding"], expected["embedding"]),
        "gradient": gradients[worst],
        "worst": worst.removeprefix("gradient."),
    }
    found["ok"] = found["embedding"] <= FORWARD and found["gradient"] <= BACKWARD
    if len(got["losses"]) == len(expected["losses"]):
        found["losses"] = off(got["losses"], expected["losses"])
        found["predictions"] = off(got["predictions"], expected["predictions"])
        found["ok"] &= found["losses"] <= TRAINED
    return found


def halves(mine: dict, other: dict, exact: dict) -> dict:
    """How far both sides' bf16 is from f32: embeddings, gradients, losses."""
    gradients = [n for n in exact if n.startswith("gradient.")]
    found = {}
    for what, names in [
        ("embedding", ["embedding"]),
        ("gradient", gradients),
        ("losses", ["losses"]),
    ]:
        found[what] = [apart(mine, exact, names), apart(other, exact, names)]
    found["ok"] = all(a <= ONE * b for a, b in found.values())
    return found


def together(results: list) -> dict:
    """The sums of both sides' differences over all networks."""
    all_of = [each["bf16"] for each in results if "bf16" in each]
    sums = {}
    for what in ("embedding", "gradient", "losses"):
        sums[what] = [sum(each[what][side] for each in all_of) for side in (0, 1)]
    sums["ok"] = len(all_of) > 0 and all(a <= ALL * b for a, b in sums.values())
    return {"network": "all", "bf16": sums, "ok": sums["ok"]}


def write(name: str, file: Path) -> dict:
    """Weights and images of a network, which are written to a file."""
    config, images, lr = NETWORKS[name]
    torch.manual_seed(len(name))
    given = draw(config)
    given["classes"] = torch.arange(images) % config["classes"]
    drawn = torch.randn(images, 3, config["image"], config["image"])
    given["images"] = drawn + 0.3 * given["classes"].view(-1, 1, 1, 1)
    save_file(given, file, metadata={"config": json.dumps(config), "lr": str(lr)})
    return given


def compare(name: str, program: str, device: str, beside: str, folder: Path) -> dict:
    config, _, lr = NETWORKS[name]
    file = folder / "given.safetensors"
    given = write(name, file)
    mine, said = ours(program, device, "f32", STEPS, file, folder / "f32")
    exact = theirs(config, given, lr, beside, False)
    found = {"network": name, "device": said["device"], "f32": close(mine, exact)}
    if device != "cpu":
        # The CPU does no steps: its sums are in another order, which steps make larger.
        cpu, _ = ours(program, "cpu", "f32", 0, file, folder / "cpu")
        found["cpu"] = close(mine, cpu)
    half, _ = ours(program, device, "bf16", STEPS, file, folder / "bf16")
    other = theirs(config, given, lr, beside, True)
    found["bf16"] = halves(half, other, exact)
    found["losses"] = {
        side: [tensors["losses"][i].item() for i in (0, STEPS // 2, STEPS - 1)]
        for side, tensors in [
            ("ours", mine),
            ("PyTorch", exact),
            ("ours bf16", half),
            ("PyTorch bf16", other),
        ]
    }
    found["ok"] = all(found[what]["ok"] for what in ("f32", "cpu", "bf16") if what in found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--pytorch-device", help="if it is another than Proofmark's")
    parser.add_argument("--network", action="append", choices=list(NETWORKS))
    parser.add_argument("--out")
    parser.add_argument(
        "--write", type=Path, help="only write the weights and images of one network to this file"
    )
    args = parser.parse_args()
    if args.write:
        write(args.network[0], args.write)
        return 0
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    beside = args.pytorch_device or args.device
    results = []
    for name in args.network or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                results.append(compare(name, args.program, args.device, beside, Path(folder)))
            except Exception as error:  # The other networks are compared all the same.
                results.append(
                    {
                        "network": name,
                        "ok": False,
                        "error": f"{type(error).__name__}: {error}"[-2000:],
                    }
                )
        print(json.dumps(results[-1]), flush=True)
        if args.out:
            Path(args.out).write_text(json.dumps(results))
    results.append(together(results))
    print(json.dumps(results[-1]), flush=True)
    if args.out:
        Path(args.out).write_text(json.dumps(results))
    return 0 if all(result["ok"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
