"""How long `proofmark check experiments/table3.kdl` takes from start to exit.

    cargo build [--release]
    python benches/startup.py [target/debug/proofmark]

Prints the smallest, median and largest time of twenty runs, and fails if the median is
not under 50 ms.
"""

import pathlib
import statistics
import subprocess
import sys
import time

RUNS, LIMIT = 20, 50.0

root = pathlib.Path(__file__).parent.parent
program = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else root / "target/debug/proofmark")
command = [program.absolute(), "check", "experiments/table3.kdl"]
times = []
for _ in range(1 + RUNS):
    begin = time.perf_counter()
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    times.append(1e3 * (time.perf_counter() - begin))
times = times[1:]  # The first brings the program into memory.
median = statistics.median(times)
print(f"min {min(times):.1f} ms, median {median:.1f} ms, max {max(times):.1f} ms of {RUNS} runs")
sys.exit(median >= LIMIT)
