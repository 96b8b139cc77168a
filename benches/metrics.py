"""10 million frame scores with string ids in Parquet to AUC and balanced accuracy of their
videos: `proofmark metrics` against pandas and scikit-learn, in turn, on all cores; and the
peak memory of `proofmark metrics` over many more.

    pip install pandas==3.1.1 pyarrow==26.0.1 scikit-learn==1.9.1
    python benches/metrics.py --proofmark target/debug/proofmark [--rounds 3] [--many 200]

Prints one line per round and the median ratio of wall time and of processor time; both
sides' numbers have to agree. Frames are written video by video, as evaluation writes them;
`--shuffled` mixes them.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FRAMES = 100  # of a video

THEIRS = """
import sys, json
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
table = pd.read_parquet(sys.argv[1], columns=["video", "label", "score"])
videos = table.groupby("video", sort=False).agg(label=("label", "first"), score=("score", "mean"))
print(json.dumps({
    "auc": roc_auc_score(videos.label, videos.score),
    "balanced_accuracy": balanced_accuracy_score(videos.label, videos.score >= 0.5),
}))
"""


def write(path, rows, shuffled):
    """Row groups of a million, written one at a time."""
    rng = np.random.default_rng(0)
    schema = pa.schema([("video", pa.string()), ("label", pa.int8()), ("score", pa.float64())])
    order = rng.permutation(rows) if shuffled else None
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, 1_000_000):
            at = np.arange(start, min(start + 1_000_000, rows))
            video = (at if order is None else order[at]) // FRAMES
            label = (video % 3 == 0).astype(np.int8)
            score = 1 / (1 + np.exp(-rng.normal(label - 0.5, 1.5)))
            names = pa.array([f"dataset/method/{v:08d}.mp4" for v in video])
            columns = [names, pa.array(label), pa.array(score)]
            writer.write_table(pa.table(columns, schema=schema))


def timed(command):
    """Result, wall and processor seconds, and peak memory in bytes of a process."""
    script = (
        "import resource, subprocess, sys, time, json; start = time.monotonic();"
        "out = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout;"
        "wall = time.monotonic() - start; use = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(json.dumps([out, wall, use.ru_utime + use.ru_stime, use.ru_maxrss * 1024]))"
    )
    out = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True)
    out, wall, cpu, peak = json.loads(out.stdout)
    return json.loads(out), wall, cpu, peak


def ours(proofmark, path, *more):
    return [proofmark, "metrics", path, "--score", "score", "--label", "label",
            "--video", "video", "--format", "json", *more]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proofmark", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--many", type=int, default=0, help="millions of rows for the memory")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "frames.parquet")
        write(path, 10_000_000, args.shuffled)
        walls, cpus = [], []
        for _ in range(args.rounds):
            mine, wall, cpu, peak = timed(ours(args.proofmark, path, "--only-videos"))
            theirs, their_wall, their_cpu, their_peak = timed([sys.executable, "-c", THEIRS, path])
            for key, value in theirs.items():
                assert abs(mine["video"][key] - value) < 1e-9, (key, mine["video"], theirs)
            walls.append(wall / their_wall)
            cpus.append(cpu / their_cpu)
            print(f"proofmark {wall:.2f} s, cpu {cpu:.2f} s, {peak / 2**20:.0f} MiB; pandas "
                  f"{their_wall:.2f} s, cpu {their_cpu:.2f} s, {their_peak / 2**20:.0f} MiB")
        print(f"median ratio: wall {np.median(walls):.2f}, "
              f"processor {np.median(cpus):.2f}")
        pathlib.Path(path).unlink()
        if args.many:
            write(path, args.many * 1_000_000, False)
            result, wall, cpu, peak = timed(ours(args.proofmark, path))
            print(f"{args.many} million rows, both levels: {wall:.1f} s, cpu {cpu:.1f} s, "
                  f"peak {peak / 2**30:.2f} GiB, n {result['frame']['n']}")


if __name__ == "__main__":
    main()
