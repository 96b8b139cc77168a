"""The steps of scripts/cuda/accept.sh, each with its own time limit, the most telling first.

    python scripts/cuda/steps.py [STEP]...

Reads from the environment: KIT, the unpacked folder of scripts/cuda/pack.sh; OUT; SECONDS_IN_ALL (470); DEVICE (cuda:0).
A step that fails or lasts too long stops no other. OUT/accept.json is written again after every step, and from it
accept.md by scripts/cuda/page.py. A step has `ok`, which is true, false, or null where something is missing; `found`,
what it found; and `tail`, the end of what it said.
"""

import datetime
import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import page
from command import (
    BEGUN,
    BENCH,
    BESIDE,
    DEVICE,
    IN_ALL,
    KERNELS,
    KIT,
    OUT,
    PROGRAM,
    ROOT,
    SMALL,
    Missing,
    Run,
    need,
    python,
    result,
)
from sizes import CONVOLUTIONS, SMALL_CONVOLUTIONS, TINY

# Share of a training in which its steps may wait for the loader.
MOST_WAITING = 0.05
DEVICES = ("--device", DEVICE, "--pytorch-device", BESIDE)


def first(text: str, *starts: str) -> str | None:
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line.lower().startswith(starts)), None)


def machine() -> dict:
    doctor = Run([PROGRAM, "doctor"], 30)
    runs, found = (
        [doctor],
        {"cublas": os.environ.get("CUBLAS_FOLDERS", ""), "gpu": first(doctor.text, "gpu", "cuda:")},
    )
    ask = {
        "card": [
            "nvidia-smi",
            "--query-gpu=name,memory.total,driver_version,clocks.max.sm",
            "--format=csv,noheader",
        ],
        "nvcc": ["nvcc", "--version"],
        "pytorch": [
            sys.executable,
            "-c",
            "import torch; print(torch.__version__, torch.version.cuda)",
        ],
        "timm": [sys.executable, "-c", "import timm; print(timm.__version__)"],
        "kernel": ["uname", "-sr"],
    }
    for what, command in ask.items():
        try:
            run = Run(command, 40)
            lines = run.text.strip().splitlines()
            found[what] = lines[-1] if run.ok and lines else f"cannot be asked: {run.text[-200:]}"
        except OSError as error:
            found[what] = f"is not there: {error.strerror}"
    for name in ("compute-sanitizer", "ncu", "nsys"):
        found[name] = shutil.which(name) or "is not there"
    for name in ("profile", "commit"):
        file = KIT / f"{name}.txt"
        found[name] = file.read_text().strip() if file.exists() else "unknown"
    # The CPU is no card; with stand-ins the driver says that it has one.
    card = "cuda:0" in doctor.text or DEVICE == "cpu"
    return result(doctor.ok and card, found, *runs)


def kernels() -> dict:
    only, place = (["products"] if SMALL else []), ROOT / "src/emulation"
    tests = Run([KERNELS, *only], 60, cwd=place)
    runs = [tests]
    if not tests.ok:
        # Waiting for every kernel names the one that goes wrong.
        waiting = {"PROOFMARK_GPU_SYNC": "1"}
        runs.append(Run([KERNELS, "--test-threads", "1", *only], 60, waiting, place))
    lines = tests.text.splitlines()
    failed = [line.split()[1] for line in lines if re.match(r"test .*FAILED$", line)]
    summary = first(tests.text, "test result")
    return result(tests.ok, {"summary": summary, "failed": failed}, *runs)


def parity() -> dict:
    networks = ["odd", "registers", "cls"] if SMALL else []
    chosen = [word for name in networks for word in ("--network", name)]
    run = Run(python("parity.py", "--program", BENCH, *DEVICES, *chosen), 120)
    return result(run.ok, run.lines(), run)


def convolutions() -> dict:
    """Against our own CPU: it needs no PyTorch. Then seconds of a step, and of a forward pass."""
    found, runs = [], []
    rounds = 1 if SMALL else 10
    for name, near, images, timed, batch in SMALL_CONVOLUTIONS if SMALL else CONVOLUTIONS:
        compared = Run([BENCH, "compare", DEVICE, json.dumps(near), str(images)], 60)
        # The first step makes buffers.
        given = f"step 1\nstep {rounds}\nforward 1\nforward {rounds}\n"
        words = ["times", DEVICE, "f32", str(batch), json.dumps(timed)]
        times = Run([BENCH, *words], 60, given=given)
        runs += [compared, times]
        answers = [line for line in times.lines() if "seconds" in line]
        each = {line["what"]: line["seconds"] / line["count"] for line in answers}
        memory = max((line["peak_memory"] or 0 for line in answers), default=0)
        of = {"network": name, "ok": compared.ok, "batch": batch, "memory": memory} | each
        found.append({**next(iter(compared.lines()), {}), **of})
    return result(all(run.ok for run in runs), found, *runs)


def bench() -> dict:
    words = (
        ["--batch", "2", "--turns", "1", "--kind", "0", "--config", json.dumps(tiny())]
        if SMALL
        else []
    )
    run = Run(python("bench.py", "--program", BENCH, *DEVICES, *words), 170)
    return result(run.ok, run.lines(), run)


def tiny() -> dict:
    """A network that stand-ins can compute."""
    return TINY | {"drop_path": 0.1}


def given(folder: Path, name: str) -> Path:
    file = folder / "given.safetensors"
    run = Run(python("parity.py", "--network", name, "--write", file), 60)
    if not run.ok:
        raise RuntimeError(f"no weights could be written: {run.text[-1000:]}")
    return file


def twice() -> dict:
    found, runs = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = given(Path(folder), "odd" if SMALL else "b")
        for precision in ("bf16", "f32"):
            outs = [Path(folder) / f"{precision}{i}" for i in range(2)]
            pair = [Run([BENCH, "parity", DEVICE, precision, "20", file, out], 40) for out in outs]
            runs += pair
            said = [line["digest"] for run in pair for line in run.lines()]
            same = (
                len(said) == 2
                and said[0] == said[1]
                and outs[0].read_bytes() == outs[1].read_bytes()
            )
            found.append({"precision": precision, "same": same, "digests": said})
    return result(all(run.ok for run in runs) and all(f["same"] for f in found), found, *runs)


def resume() -> dict:
    few = ["--epochs", "3", "--kills", "1"] if SMALL else []
    run = Run(
        python("resume.py", "--program", PROGRAM, "--device", DEVICE, *few), 200 if SMALL else 70
    )
    return result(run.ok, run.lines(), run)


def quickstart() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("experiments", "datasets"):
            shutil.copytree(ROOT / name, place / name)
        run = Run(
            [PROGRAM, "run", "experiments/quickstart.kdl", "--device", DEVICE, "--store", "store"],
            400 if SMALL else 120,
            cwd=place,
        )
        table = place / "reports/quickstart.csv"
        found = (
            page.compare_tables(ROOT / "reports/quickstart.csv", table) if table.exists() else {}
        )
    return result(run.ok and bool(found), found, run)


def times() -> dict:
    file = OUT / "times.json"
    rounds = "2" if SMALL else "20"
    words = ["2", json.dumps(tiny())] if SMALL else ["64"]
    env = {"PROOFMARK_GPU_TIMES": str(file)}
    run = Run([BENCH, "times", DEVICE, "bf16", *words], 40, env, given=f"step {rounds}\n")
    if not file.exists():
        return result(False, {}, run)
    totals = json.loads(file.read_text())
    answers = [line for line in run.lines() if "seconds" in line]
    seconds = answers[0]["seconds"] if answers else None
    return result(
        run.ok and bool(totals), {"steps": int(rounds), "seconds": seconds, "totals": totals}, run
    )


def loader() -> dict:
    few = ["--faces", "100", "--epochs", "2", "--small"] if SMALL else []
    limit = 200 if SMALL else 90
    run = Run(python("loader.py", "--program", PROGRAM, "--device", DEVICE, *few), limit)
    lines = run.lines()
    # The first epoch allocates memory.
    waits = lines[0]["waits"][1:] if lines else [1.0]
    well = run.ok and (SMALL or max(waits) < MOST_WAITING)
    return result(well, lines[0] if lines else {}, run)


def sanitizer() -> dict:
    need("compute-sanitizer")
    found, runs = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = given(Path(folder), "registers")
        for tool in ("memcheck", "racecheck", "initcheck"):
            for precision in ("f32", "bf16") if tool == "memcheck" else ("bf16",):
                command = [
                    "compute-sanitizer",
                    "--tool",
                    tool,
                    "--error-exitcode",
                    "9",
                    BENCH,
                    "parity",
                    DEVICE,
                    precision,
                ]
                run = Run([*command, "1", file, Path(folder) / "out"], 45)
                runs.append(run)
                summary = next(
                    (line for line in reversed(run.text.splitlines()) if "SUMMARY" in line), None
                )
                found.append(
                    {"tool": tool, "precision": precision, "ok": run.ok, "summary": summary}
                )
    refused = all("not supported" in run.text.lower() for run in runs)
    return result(None if refused else all(f["ok"] for f in found), found, *runs)


def counters() -> dict:
    need("ncu")
    metrics = ["gpu__time_duration.sum", "dram__throughput.avg.pct_of_peak_sustained_elapsed"]
    metrics += ["sm__throughput.avg.pct_of_peak_sustained_elapsed", "launch__registers_per_thread"]
    command = ["ncu", "--clock-control", "none", "--csv", "--page", "raw", "--print-units", "base"]
    command += ["--metrics", ",".join(metrics)]
    # Some of the first step's forward and backward pass: blocks are alike.
    command += ["--launch-skip", "200", "--launch-count", "300"]
    run = Run([*command, BENCH, "times", DEVICE, "bf16", "64"], 60, given="step 1\n")
    found = page.counters(run.text)
    return result(run.ok and bool(found), found, run)


STEPS = [
    ("machine", "The machine", machine),
    ("kernels", "Tests of the kernels", kernels),
    ("parity", "The same numbers as PyTorch and as our CPU", parity),
    ("convolutions", "Networks of convolutions as on our CPU", convolutions),
    ("twice", "The same bytes twice", twice),
    ("bench", "Training steps and forward passes", bench),
    ("times", "Where a step's time goes", times),
    ("loader", "How long steps wait for faces", loader),
    ("resume", "Killed and gone on with", resume),
    ("quickstart", "The quickstart", quickstart),
    ("sanitizer", "compute-sanitizer", sanitizer),
    ("counters", "Counters of ncu", counters),
]


def write(state: dict) -> None:
    """Under another name first, so that who is killed leaves the one before."""
    for name, text in [
        ("accept.json", json.dumps(state, indent=1)),
        ("accept.md", page.page(state)),
    ]:
        new = OUT / f"{name}.new"
        new.write_text(text)
        new.replace(OUT / name)


def carry_out(make) -> dict:
    begun = time.monotonic()
    try:
        if IN_ALL - (begun - BEGUN) < 5:
            raise Missing("the time for all steps was used up")
        made = make()
    except Missing as why:
        made = {"ok": None, "found": {}, "missing": str(why), "tail": ""}
    except Exception as error:  # The other steps are carried out all the same.
        made = {"ok": False, "found": {}, "tail": f"{type(error).__name__}: {error}"}
    return made | {"seconds": time.monotonic() - begun}


def main(chosen: list) -> int:
    unknown = [name for name in chosen if name not in [step[0] for step in STEPS]]
    if unknown:
        print(
            f"there is no step {unknown[0]}; there are {', '.join(step[0] for step in STEPS)}",
            file=sys.stderr,
        )
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    state = {
        "day": datetime.date.today().isoformat(),
        "device": DEVICE,
        "small": SMALL,
        "steps": [],
    }
    for name, title, make in STEPS:
        if chosen and name not in chosen:
            continue
        step = {"name": name, "title": title} | carry_out(make)
        state["steps"].append(step)
        write(state)
        word = {True: "ok", False: "FAILED", None: f"not run: {step.get('missing', 'refused')}"}[
            step["ok"]
        ]
        print(f"{name}: {word}, {step['seconds']:.1f} s", flush=True)
        if step["ok"] is False:
            print(step["tail"][-1500:], flush=True)
    print((OUT / "accept.md").read_text())
    return 1 if any(step["ok"] is False for step in state["steps"]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
