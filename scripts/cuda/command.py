"""Commands that the steps of scripts/cuda/steps.py run: each with a time limit, and with what it said."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CUDA = ROOT / "scripts/cuda"
KIT = Path(os.environ.get("KIT", ROOT / "target/cuda/kit"))
OUT = Path(os.environ.get("OUT", ROOT / "target/cuda/accept"))
DEVICE = os.environ.get("DEVICE", "cuda:0")
# PyTorch's device; where stand-ins play the GPU, it is the CPU.
BESIDE = os.environ.get("PYTORCH_DEVICE", DEVICE)
# For trying the steps where there is no GPU: small networks, and few of everything.
SMALL = os.environ.get("SMALL") == "1"
IN_ALL = float(os.environ.get("SECONDS_IN_ALL", "470"))
BEGUN = time.monotonic()
TAIL = 4000
PROGRAM, BENCH, KERNELS = (str(KIT / name) for name in ("proofmark", "gpu", "kernels"))


class Missing(Exception):
    """Something that a step needs is not on this machine."""


class Run:
    """What a command did."""

    def __init__(
        self,
        command: list,
        limit: float,
        env: dict | None = None,
        cwd: Path = ROOT,
        given: str = "",
    ) -> None:
        limit = max(1.0, min(limit, IN_ALL - (time.monotonic() - BEGUN)))
        begun = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as source:
            source.write(given.encode())
            source.seek(0)
            child = subprocess.Popen(
                [str(word) for word in command], cwd=cwd, env=os.environ | (env or {}), stdin=source, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                self.code = child.wait(limit)
                self.late = False
            except subprocess.TimeoutExpired:
                # With all that it started, which is a group of its own.
                os.killpg(child.pid, signal.SIGKILL)
                self.code = child.wait()
                self.late = True
            out.seek(0)
            self.text = out.read().decode(errors="replace")
        self.seconds = time.monotonic() - begun
        how = (
            f"stopped after {limit:.0f} s"
            if self.late
            else f"ended with {self.code} after {self.seconds:.1f} s"
        )
        self.said = (
            f"$ {' '.join(str(word) for word in command)[:300]}\n{self.text[-TAIL:]}\n({how})"
        )

    @property
    def ok(self) -> bool:
        return self.code == 0 and not self.late

    def lines(self) -> list:
        """Lines of JSON."""
        found = []
        for line in self.text.splitlines():
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    pass
        return found


def result(ok: bool | None, found: dict | list, *runs: Run) -> dict:
    return {"ok": ok, "found": found, "tail": "\n".join(run.said for run in runs)[-2 * TAIL :]}


def need(*names: str) -> None:
    for name in names:
        if shutil.which(name) is None:
            raise Missing(f"{name} is not on this machine")


def python(*words: str) -> list:
    return [sys.executable, CUDA / words[0], *words[1:]]
