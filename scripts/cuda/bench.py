"""Times training steps and forward passes of ViT-B/16 at 224 pixels by Proofmark and by PyTorch, in turns.

    python scripts/cuda/bench.py --program GPU [--device cuda:0] [--batch 64] [--turns 5] [--out FILE.json]

GPU is `benches/gpu`, built with the feature `cuda`. Both sides are begun once and asked in turn for a few rounds
each. A round begins with images as bytes in the host's memory, as training has them: PyTorch's are pinned, Proofmark's
are sent while the round before is computed. A step ends with AdamW and has read its loss and the norm of its gradient.
PyTorch: timm, SDPA, autocast for bf16, fused AdamW, and for bf16 torch.compile, too, unless that takes more than COMPILE
seconds. Memory is the most that was allocated.
"""

import argparse
import json
import queue
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

COMPILE, ANSWER = 90, 60
# Precision of both sides, whether PyTorch compiles, rounds of a turn.
KINDS = [("bf16", False, 10), ("bf16", True, 10), ("tf32", False, 5), ("f32", False, 3)]


def pytorch(device: str, precision: str, batch: int, compiles: bool, config: dict) -> None:
    """PyTorch's side: answers as `gpu times` does."""
    import torch
    from network import Network

    kind = device.split(":")[0]
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    network = Network(config, device)
    model = torch.compile(network.model) if compiles else network.model
    parameters = list(network.model.parameters())
    optimizer = torch.optim.AdamW(network.groups(), lr=1e-4, fused=True)
    images = torch.randint(0, 251, (batch, 3, config["image"], config["image"]), dtype=torch.uint8)
    classes = torch.arange(batch, device=device) % 2
    if kind == "cuda":
        images = images.pin_memory()
    half = precision == "bf16"

    def normalised() -> torch.Tensor:
        return images.to(device, non_blocking=True).float() / 125 - 1

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast(kind, torch.bfloat16, enabled=half):
            logits = model(normalised())
        loss = torch.nn.functional.cross_entropy(logits.float(), classes)
        loss.backward()
        torch.nn.utils.get_total_norm([p.grad for p in parameters], foreach=True).item()
        optimizer.step()
        return loss.item()

    def forward() -> None:
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=half):
            model(normalised()).float().cpu()

    def rounds(what: str, count: int) -> float | None:
        loss = None
        (network.model.train if what == "step" else network.model.eval)()
        for _ in range(count):
            loss = step() if what == "step" else forward()
        if kind == "cuda":
            torch.cuda.synchronize()
        return loss

    for what in ("step", "forward"):
        rounds(what, 1)
    print(json.dumps({"ready": f"PyTorch {torch.__version__}"}), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        begun = time.perf_counter()
        loss = rounds(what, int(count))
        seconds = time.perf_counter() - begun
        peak = torch.cuda.max_memory_allocated() if kind == "cuda" else None
        answer = {
            "what": what,
            "count": int(count),
            "seconds": seconds,
            "peak_memory": peak,
            "loss": loss,
        }
        print(json.dumps(answer), flush=True)


class Side:
    """A process that is asked by lines."""

    def __init__(self, command: list, patience: float) -> None:
        self.child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue = queue.Queue()
        self.said: list = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.said.extend(self.child.stderr), daemon=True).start()
        self.name = self._answer(patience)["ready"]

    def _read(self) -> None:
        for line in self.child.stdout:
            if line.startswith("{"):  # Libraries may say something, too.
                self.lines.put(line)
        self.lines.put(None)

    def _answer(self, patience: float) -> dict:
        try:
            line = self.lines.get(timeout=patience)
        except queue.Empty:
            self.end()
            raise RuntimeError(f"no answer within {patience} s") from None
        if line is None:
            self.child.wait()
            raise RuntimeError(
                f"it ended with {self.child.returncode}: {''.join(self.said)[-1500:]}"
            )
        return json.loads(line)

    def ask(self, what: str, count: int) -> dict:
        self.child.stdin.write(f"{what} {count}\n")
        self.child.stdin.flush()
        return self._answer(ANSWER)

    def end(self) -> None:
        self.child.kill()
        self.child.wait()


def measure(sides: dict, turns: int, rounds: int, batch: int) -> dict:
    seconds: dict = {}
    memory: dict = {}
    for turn in range(turns + 1):
        for what in ("step", "forward"):
            for name, side in sides.items():
                answer = side.ask(what, rounds if turn else 2)
                if turn:  # The first is not counted.
                    seconds.setdefault((what, name), []).append(answer["seconds"] / rounds)
                    memory[name] = answer["peak_memory"]
    found: dict = {"memory": memory}
    for (what, name), values in seconds.items():
        found.setdefault(what, {})[name] = {
            "median": statistics.median(values),
            "least": min(values),
            "most": max(values),
            "images_per_second": batch / statistics.median(values),
        }
    return found


def compare(
    args: argparse.Namespace, config: dict, precision: str, compiles: bool, rounds: int
) -> dict:
    found = {
        "precision": precision,
        "compiled": compiles,
        "batch": args.batch,
        "turns": args.turns,
        "rounds": rounds,
    }
    begun = time.monotonic()
    sides: dict = {}
    theirs = [
        sys.executable,
        __file__,
        "--device",
        args.pytorch_device or args.device,
        "--batch",
        str(args.batch),
    ]
    theirs += ["--config", json.dumps(config), "--pytorch", precision]
    mine = [args.program, "times", args.device, precision, str(args.batch), json.dumps(config)]
    for name, command, patience in [
        ("Proofmark", mine, ANSWER),
        ("PyTorch", [*theirs, *["--compile"] * compiles], COMPILE),
    ]:
        try:
            sides[name] = Side(command, patience)
        except RuntimeError as error:  # The other side is measured all the same.
            found.setdefault("errors", {})[name] = str(error)
    found["names"] = {name: side.name for name, side in sides.items()}
    try:
        found |= measure(sides, args.turns, rounds, args.batch)
    except (RuntimeError, OSError) as error:
        found.setdefault("errors", {})["measuring"] = str(error)
    finally:
        for side in sides.values():
            side.end()
    found["seconds"] = time.monotonic() - begun
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--pytorch-device", help="if it is another than Proofmark's")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--kind",
        action="append",
        type=int,
        choices=range(len(KINDS)),
        help="only these of the kinds",
    )
    parser.add_argument("--config", help="another network, as JSON")
    parser.add_argument("--out")
    parser.add_argument("--pytorch", help=argparse.SUPPRESS)
    parser.add_argument("--compile", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    config = json.loads(args.config) if args.config else None
    if args.pytorch:
        pytorch(args.device, args.pytorch, args.batch, args.compile, config)
        return 0
    if config is None:
        from sizes import VIT_B

        config = VIT_B | {"drop_path": 0.1}
    results = []
    for kind in args.kind or range(len(KINDS)):
        results.append(compare(args, config, *KINDS[kind]))
        print(json.dumps(results[-1]), flush=True)
        if args.out:
            Path(args.out).write_text(json.dumps(results))
    # Without PyTorch's compiler there is still its eager mode.
    fatal = [
        r
        for r in results
        if "errors" in r and not (r["compiled"] and set(r["errors"]) == {"PyTorch"})
    ]
    return 1 if fatal else 0


if __name__ == "__main__":
    sys.exit(main())
