"""Makes the page accept.md of accept.json, which scripts/cuda/steps.py writes.

    python scripts/cuda/page.py ACCEPT.json                               prints it
    python scripts/cuda/page.py ACCEPT.json --performance docs/performance.md

With `--performance` the block between `<!-- gpu -->` and `<!-- /gpu -->` of that document becomes what was measured, with
the card's name and the day. A run of small networks (SMALL=1), or one that measured nothing, is refused.
"""

import argparse
import csv
import io
import json
import statistics
import sys
from pathlib import Path

from sizes import TABLE3

BEGIN, END = "<!-- gpu -->\n", "<!-- /gpu -->\n"


def table(head: list, rows: list) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return (
        "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])
        + "\n"
    )


def mark(ok: bool | None) -> str:
    return {True: "yes", False: "**NO**", None: "not run"}[ok]


def machine(found: dict) -> str:
    return table(
        ["what", "is"],
        [[what, str(value).replace("\n", " ") or "none"] for what, value in found.items()],
    )


def kernels(found: dict) -> str:
    failed = "".join(f"- failed: {name}\n" for name in found["failed"])
    return f"{found['summary'] or 'There is no summary: the tests did not come to their end.'}\n\n{failed}"


def parity(found: list) -> str:
    rows, errors = [], ""
    for each in found:
        if "error" in each:
            errors += f"\n`{each['network']}` was not compared: {each['error'][-600:]}\n"
            continue
        for what, of in [("f32", "PyTorch in f32"), ("cpu", "our CPU in f32")]:
            if what in each:
                f = each[what]
                trained = f"{f['losses']:.1e}" if "losses" in f else ""
                cells = [f"{f['embedding']:.1e}", f"{f['gradient']:.1e} (`{f['worst']}`)", trained]
                rows.append([f"`{each['network']}`", of, *cells, mark(f["ok"])])
        half = each["bf16"]
        cells = [
            f"{half[w][0]:.1e} / {half[w][1]:.1e}" for w in ("embedding", "gradient", "losses")
        ]
        rows.append(
            [f"`{each['network']}`", "bf16: ours / PyTorch's, to f32", *cells, mark(half["ok"])]
        )
    head = ["network", "against", "embeddings", "gradients", "losses of 20 steps", "near enough"]
    return table(head, rows) + errors


def convolutions(found: list) -> str:
    rows = []
    for each in found:
        near = [
            f"{each[what]:.1e}" if what in each else ""
            for what in ("embedding", "gradient", "statistics")
        ]
        times = [
            f"{1e3 * each[what]:.1f} ms" if what in each else "" for what in ("step", "forward")
        ]
        rows.append(
            [each["network"], *near, mark(each["ok"]), each["batch"], *times]
            + [f"{each['memory'] / 2**30:.1f} GiB"]
        )
    head = ["network", "embeddings", "gradients", "statistics", "near enough", "images"]
    return table([*head, "a step in f32", "forward alone", "memory"], rows)


def twice(found: list) -> str:
    return table(
        ["precision", "same bytes"], [[each["precision"], mark(each["same"])] for each in found]
    )


def bench(found: list) -> str:
    rows, notes = [], ""
    for each in found:
        side = "compiled" if each["compiled"] else "eager"
        for what, name in [("step", "training step"), ("forward", "forward alone")]:
            if what not in each:
                continue
            cells = []
            for who in ("Proofmark", "PyTorch"):
                m = each[what].get(who)
                if m is None:
                    cells.append("")
                else:
                    spread = f"{m['least'] * 1e3:.1f} to {m['most'] * 1e3:.1f}"
                    cells.append(
                        f"{m['median'] * 1e3:.1f} ms ({spread}), {m['images_per_second']:.0f} images/s"
                    )
            both = [each[what].get(who) for who in ("Proofmark", "PyTorch")]
            ratio = f"**{both[0]['median'] / both[1]['median']:.2f}**" if all(both) else ""
            memory = [each["memory"].get(who) for who in ("Proofmark", "PyTorch")]
            of = " / ".join(f"{m / 2**30:.2f}" if m else "?" for m in memory) + " GiB"
            rows.append(
                [f"{name}, {each['precision']}, batch {each['batch']}", side, *cells, ratio, of]
            )
        for who, why in each.get("errors", {}).items():
            notes += f"\n{each['precision']}, {side}: {who}: {why[-400:]}\n"
    if found:
        names = found[0].get("names", {})
        turns = f"Medians of {found[0]['turns']} turns, least and most in brackets; {', '.join(names.values())}.\n"
        notes = f"\n{turns}{notes}"
    head = ["what", "PyTorch is", "Proofmark", "PyTorch", "ratio", "most memory allocated"]
    return table(head, rows) + notes + table3(found)


def table3(found: list) -> str:
    """How long Table 3 would be trained for, by the rate of the first bf16 step that was measured."""
    rates = [
        each["step"]["Proofmark"]["images_per_second"]
        for each in found
        if each["precision"] == "bf16" and "Proofmark" in each.get("step", {})
    ]
    if not rates:
        return ""
    t = TABLE3
    hours = t["faces"] * t["epochs"] / rates[0] / 3600
    return (
        f"\nTable 3 by calculation, at {rates[0]:.0f} images a second in bf16: {t['epochs']} epochs of {t['faces']:,} faces are "
        f"{hours:.1f} hours of training a row, {hours * t['rows']:.0f} hours for its {t['rows']} rows with a ViT-B/16, and "
        f"{hours * t['trainings']:.0f} hours with the {t['trainings']} trainings that tuning makes of them. SBI's EfficientNet, "
        "validation and scores come on top.\n"
    )


def times(found: dict) -> str:
    if not found.get("totals"):
        return "Nothing was written.\n"
    steps, totals = found["steps"], found["totals"]
    order = sorted(totals.items(), key=lambda item: -item[1]["milliseconds"])
    everything = sum(total["milliseconds"] for total in totals.values())
    share = lambda total: f"{100 * total['milliseconds'] / max(everything, 1e-9):.1f} %"  # noqa: E731
    rows = [
        [f"`{what}`", f"{t['count'] / steps:g}", f"{t['milliseconds'] / steps:.3f} ms", share(t)]
        for what, t in order[:40]
    ]
    products = sum(t["milliseconds"] for what, t in totals.items() if what.startswith("multiply"))
    host = (
        f"; by the clock of the host, measured so, {found['seconds'] / steps * 1e3:.2f} ms"
        if found["seconds"]
        else ""
    )
    return (
        f"A step is {everything / steps:.2f} ms on the GPU, of which products are {products / steps:.2f} ms{host}.\n\n"
        + table(["what", "times a step", "a step", "share"], rows)
        + (f"\n{len(order) - 40} more are not shown.\n" if len(order) > 40 else "")
    )


def loader(found: dict) -> str:
    rows = [
        [number, f"{rate:.0f}", f"{100 * wait:.1f} %"]
        for number, (rate, wait) in enumerate(zip(found["rates"], found["waits"], strict=True), 1)
    ]
    return (
        table(["epoch", "faces a second", "of it waiting for faces"], rows)
        + f"\nOf {found['faces']} faces, {found['cores']} cores.\n"
    )


def resume(found: list) -> str:
    rows = [[f["precision"], f["models"], f["resumed"], mark(f["same"])] for f in found]
    return table(["precision", "models", "gone on with", "same bytes"], rows)


def quickstart(found: dict) -> str:
    if not found:
        return "There is no table.\n"
    rows = [[row, f"{a:.4f}", f"{b:.4f}", f"{worst:.4f}"] for row, a, b, worst in found["rows"]]
    text = table(
        ["row", "mean AUC, CPU's committed table", "here", "largest difference of a cell"], rows
    )
    return f"{found['equal']} of {found['cells']} AUCs are equal.\n\n{text}"


def compare_tables(committed: Path, here: Path) -> dict:
    """AUCs of two tables of the quickstart, row by row."""

    def cells(file: Path) -> dict:
        with file.open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["metric"] == "auc" and row["value"]]
        return {(row["row"], row["scenario"], row["column"]): float(row["value"]) for row in rows}

    ours, theirs = cells(here), cells(committed)
    both = [key for key in theirs if key in ours]
    rows = []
    for name in dict.fromkeys(key[0] for key in both):
        keys = [key for key in both if key[0] == name]
        means = [statistics.mean(side[key] for key in keys) for side in (theirs, ours)]
        rows.append([name, *means, max(abs(theirs[key] - ours[key]) for key in keys)])
    equal = sum(theirs[key] == ours[key] for key in both)
    return {"cells": len(theirs), "equal": equal, "rows": rows}


def sanitizer(found: list) -> str:
    rows = [
        [each["tool"], each["precision"], mark(each["ok"]), each["summary"] or "no summary"]
        for each in found
    ]
    return table(["tool", "precision", "clean", "what it says"], rows)


def counters(source: str | list) -> str | list:
    """What ncu wrote as rows, kernel by kernel; or those rows as a table."""
    if isinstance(source, list):
        head = [
            "kernel",
            "launches",
            "microseconds each",
            "% of memory's speed",
            "% of arithmetic's",
            "registers",
        ]
        return table(head, source)
    lines = [line for line in source.splitlines() if line.startswith('"')]
    by: dict = {}
    for row in csv.DictReader(io.StringIO("\n".join(lines))):
        try:
            numbers = [
                float(row["gpu__time_duration.sum"].replace(",", "")),
                float(row["dram__throughput.avg.pct_of_peak_sustained_elapsed"].replace(",", "")),
                float(row["sm__throughput.avg.pct_of_peak_sustained_elapsed"].replace(",", "")),
                float(row["launch__registers_per_thread"].replace(",", "")),
            ]
        except (KeyError, ValueError, AttributeError):
            continue  # The line of units.
        by.setdefault(row["Kernel Name"][:60], []).append(numbers)
    rows = []
    for name, each in sorted(by.items(), key=lambda item: -sum(numbers[0] for numbers in item[1])):
        mean = [statistics.mean(column) for column in zip(*each)]
        # ncu gives nanoseconds, unless it is told otherwise.
        rows.append(
            [
                f"`{name}`",
                len(each),
                f"{mean[0] / 1e3:.1f}",
                f"{mean[1]:.0f}",
                f"{mean[2]:.0f}",
                f"{mean[3]:.0f}",
            ]
        )
    return rows


SECTIONS = {
    "machine": machine,
    "kernels": kernels,
    "parity": parity,
    "convolutions": convolutions,
    "twice": twice,
    "bench": bench,
    "times": times,
    "loader": loader,
    "resume": resume,
    "quickstart": quickstart,
    "sanitizer": sanitizer,
    "counters": counters,
}


def section(step: dict) -> str:
    """The table of a step, as far as it found something."""
    try:
        return SECTIONS[step["name"]](step["found"]) if step["found"] else ""
    except Exception as error:  # Half a step's result is no reason to lose the page.
        return f"What it found cannot be shown ({type(error).__name__}: {error}); it is in accept.json.\n"


def page(state: dict) -> str:
    text = f"# Proofmark on a GPU, {state['day']}\n\n"
    if state["small"]:
        text += "Small networks: this only tries the steps, and measures nothing.\n\n"
    rows = [
        [step["title"], mark(step["ok"]), step.get("missing", ""), f"{step['seconds']:.0f} s"]
        for step in state["steps"]
    ]
    text += table(["step", "well", "why not", "took"], rows)
    for step in state["steps"]:
        text += f"\n## {step['title']}\n\n"
        if "missing" in step:
            text += f"Not run: {step['missing']}.\n"
        text += section(step)
        if step["ok"] is not True and step["tail"]:
            text += f"\n```text\n{step['tail'].replace('```', '` ` `')}\n```\n"
    return text


def performance(state: dict, document: str) -> str:
    """The document with its block made of what was measured."""
    steps = {step["name"]: step for step in state["steps"]}
    if state["small"] or not steps.get("bench", {}).get("found"):
        raise SystemExit("nothing was measured that belongs there")
    if document.count(BEGIN) != 1 or document.count(END) != 1:
        raise SystemExit(f"the document has no block between {BEGIN.strip()} and {END.strip()}")
    known = steps.get("machine", {}).get("found", {})
    text = f"One {known.get('card', 'GPU')}, {state['day']}, the {known.get('profile', '')} profile of commit "
    text += f"{known.get('commit', 'unknown')[:9]}, PyTorch and CUDA {known.get('pytorch', 'unknown')}. ViT-B/16 at 224 pixels, "
    text += "drop path 0.1; images come from the host's memory, and a step has read its loss and its gradient's norm.\n\n"
    text += bench(steps["bench"]["found"])
    if steps.get("times", {}).get("found"):
        text += "\n" + times(steps["times"]["found"])
    before, rest = document.split(BEGIN)
    return before + BEGIN + text + END + rest.split(END)[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("accept", type=Path)
    parser.add_argument("--performance", type=Path)
    args = parser.parse_args()
    state = json.loads(args.accept.read_text())
    if args.performance:
        args.performance.write_text(performance(state, args.performance.read_text()))
    else:
        print(page(state), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
