"""Writes event files with TensorBoard's own writer, for tests/journal.rs, and reads
them back with its own reader.

    pip install tensorboard==2.21.0
    python tests/golden/journal/generate.py

A run of two steps an epoch: the first process took four steps, wrote part of a fifth
line, and was killed; its state was that of three steps. `records.jsonl` is what both
wrote, `journal.jsonl` what must be left.
"""

import json
import pathlib
import shutil

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

here = pathlib.Path(__file__).parent
BEGUN = [1_790_000_000.25, 1_790_000_100.5]


def step(epoch, step, loss, time):
    seen = {"term": "batch-all", "loss": 0.25, "considered": 96, "active": 24,
            "positive_distance": 1.5, "negative_distance": 2.125}
    parts = [{"term": "cross-entropy", "value": loss - 0.125}, {"term": "batch-all", "value": 0.25}]
    return {"record": "step", "epoch": epoch, "step": step, "time": time, "lr": 1e-4 * step,
            "loss": loss, "parts": parts, "grad_norm": 1.0 / 3.0, "images_per_second": 35.2,
            "triplets": [seen], "embedding_norm": 27.7}


def epoch(epoch, time, auc):
    return {"record": "epoch", "epoch": epoch, "steps": 2, "time": time, "images_per_second": 34.0,
            "loader_share": 0.015625, "train_loss": 0.75,
            "parts": [{"term": "cross-entropy", "value": 0.625}],
            "val_loss": 0.5, "val_auc": auc, "kept": True}


first = [step(1, 1, 0.8, 1_790_000_001.0), step(1, 2, 0.7, 1_790_000_002.0),
         epoch(1, 1_790_000_003.0, 0.9375), step(2, 1, 0.6, 1_790_000_004.0),
         step(2, 2, 9.9, 1_790_000_005.0)]
second = [step(2, 2, 0.5, 1_790_000_101.0), epoch(2, 1_790_000_102.0, None)]


def number(record):
    return (record["epoch"] - 1) * 2 + record["step"] if "step" in record else record["epoch"] * 2


def scalars(record):
    if record["record"] == "step":
        yield "train/loss", record["loss"]
        yield "train/learning_rate", record["lr"]
        for key in ["gradient_norm", "images_per_second", "embedding_norm"]:
            yield f"train/{key}", record[key.replace("gradient", "grad")]
        for part in record["parts"]:
            yield f"train/loss/{part['term']}", part["value"]
        for seen in record["triplets"]:
            yield f"triplets/{seen['term']}/active_fraction", seen["active"] / seen["considered"]
            for key in ["positive_distance", "negative_distance"]:
                yield f"triplets/{seen['term']}/{key}", seen[key]
    else:
        yield "epoch/epoch", record["epoch"]
        yield "epoch/train_loss", record["train_loss"]
        for key in ["images_per_second", "loader_share"]:
            yield f"epoch/{key}", record[key]
        for part in record["parts"]:
            yield f"epoch/train_loss/{part['term']}", part["value"]
        yield "validation/loss", record["val_loss"]
        if record["val_auc"] is not None:
            yield "validation/auc", record["val_auc"]


def events(path, begun, first_step, records):
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=begun, file_version="brain.Event:2").SerializeToString())
        start = SessionLog(status=SessionLog.START)
        writer.write(Event(wall_time=begun, step=first_step, session_log=start).SerializeToString())
        for record in records:
            values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars(record)]
            event = Event(wall_time=record["time"], step=number(record),
                          summary=Summary(value=values))
            writer.write(event.SerializeToString())


runs = here / "run"
shutil.rmtree(runs, ignore_errors=True)
runs.mkdir()
events(runs / "events.out.tfevents.00001", BEGUN[0], 1, first)
events(runs / "events.out.tfevents.00002", BEGUN[1], 4, second)
lines = [json.dumps(record, separators=(",", ":")) + "\n" for record in first + second]
(here / "records.jsonl").write_text("".join(lines))
(runs / "journal.jsonl").write_text("".join(lines[:4] + lines[5:]))

read = EventAccumulator(str(runs))
read.Reload()
losses = [(e.step, round(e.value, 6)) for e in read.Scalars("train/loss")]
assert losses == [(1, 0.8), (2, 0.7), (3, 0.6), (4, 0.5)], losses
for tag in read.Tags()["scalars"]:
    print(tag, [(e.step, round(e.value, 6)) for e in read.Scalars(tag)])
