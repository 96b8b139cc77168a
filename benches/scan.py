"""How long `proofmark plan` takes on five training sets of the paper's size, and its memory.

    cargo build --release
    python benches/scan.py [target/release/proofmark]

Makes about 230,000 videos of one byte in the folders, names and lists of the releases, plans
their sampling and training twice, in a new store and again, and fails if either takes 10 s
or 2 GiB.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SECONDS, GIB = 10.0, 2.0
ROWS = "source,target1,target2,method,category,type,race,gender,path,\n"


def videos(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def ffpp(root):
    ids = [f"{i:03}" for i in range(1000)]
    pairs = list(zip(ids[::2], ids[1::2]))
    videos(root / "original_sequences/youtube/c23/videos", [f"{i}.mp4" for i in ids])
    for method in ["Deepfakes", "FaceSwap", "FaceShifter", "Face2Face", "NeuralTextures"]:
        both = [f"{t}_{s}.mp4" for a, b in pairs for t, s in [(a, b), (b, a)]]
        videos(root / f"manipulated_sequences/{method}/c23/videos", both)
    for name, part in [("train", pairs[:360]), ("val", pairs[360:430]), ("test", pairs[430:])]:
        (root / f"{name}.json").write_text(json.dumps(part))


def celebdf(root):
    videos(root / "Celeb-real", [f"id{i // 10}_{i % 10:04}.mp4" for i in range(590)])
    videos(root / "YouTube-real", [f"{i:05}.mp4" for i in range(300)])
    fakes = [f"id{t}_id{(t + s) % 59}_{n:04}.mp4" for t in range(59) for s in range(1, 11) for n in range(10)]
    videos(root / "Celeb-synthesis", fakes[:5639])
    tests = [f"0 Celeb-synthesis/{name}" for name in fakes[:340]]
    tests += [f"1 YouTube-real/{i:05}.mp4" for i in range(178)]
    (root / "List_of_testing_videos.txt").write_text("\n".join(tests))


def dfdc(root):
    for part in range(50):
        about = {}
        for i in range(2383):
            real = i % 6 == 0
            about[f"v{i:09}.mp4"] = {"label": "REAL" if real else "FAKE", "split": "train",
                                     "original": None if real else f"v{i - i % 6:09}.mp4"}
        folder = root / f"train/dfdc_train_part_{part}"
        videos(folder, about)
        (folder / "metadata.json").write_text(json.dumps(about))
    for name, count in [("validation", 4000), ("test", 5000)]:
        names = [f"w{i:09}.mp4" for i in range(count)]
        videos(root / name, names)
        rows = [f"{name},{i % 2}" for i, name in enumerate(names)]
        (root / name / "labels.csv").write_text("filename,label\n" + "\n".join(rows) + "\n")


def fakeavceleb(root):
    rows = []
    for kind, category, methods, each in [("RealVideo-RealAudio", "A", ["real"], 1),
                                          ("FakeVideo-RealAudio", "C", ["faceswap", "fsgan"], 19),
                                          ("FakeVideo-FakeAudio", "D", ["wav2lip", "fsgan-wav2lip"], 21)]:
        for person in range(500):
            place = f"{kind}/Asian (East)/men/id{person:05}"
            names = [f"{person:05}{'' if category == 'A' else f'_{i}'}.mp4" for i in range(each)]
            videos(root / place, names)
            rows += [f"id{person:05},-,-,{methods[i % len(methods)]},{category},{kind},Asian (East),men,"
                     f"{name},FakeAVCeleb/{place}\n" for i, name in enumerate(names)]
    (root / "meta_data.csv").write_text(ROWS + "".join(rows))


def forgerynet(root):
    for part, spelled, count in [("Training", "train", 60000), ("Validation", "val", 14495)]:
        lines = []
        for i in range(count):
            own, other = f"{part}{i:025}", f"{part}{i ^ 1:025}"
            fake = i % 4 == 3
            label = i // 4 % 8 + 1
            place = f"{label}/{own}/{other}" if fake else f"{16 + i % 4}/{own}"
            name = f"{spelled}_video_release/{place}"
            videos(root / part / "video" / name, ["video.mp4"])
            triple = (2 if label > 6 else 1) if fake else 0
            lines.append(f"1 {name}/video.mp4 0 30 {int(fake)} {int(fake)} {triple} {label if fake else 0}")
        (root / part / "video_list.txt").write_text("\n".join(lines) + "\n")


def plan(program, experiment, environment):
    begin = time.perf_counter()
    process = subprocess.Popen([program, "plan", experiment], env=environment, stdout=subprocess.PIPE)
    text = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds, memory = time.perf_counter() - begin, usage.ru_maxrss / 2**20
    print(text if status else "", f"{seconds:.2f} s, {memory:.2f} GiB", sep="")
    return status == 0 and seconds < SECONDS and memory < GIB


def main():
    repository = pathlib.Path(__file__).parent.parent.absolute()
    program = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/proofmark").absolute()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        environment = dict(os.environ, PROOFMARK_STORE=str(folder / "store"))
        makers = {"FFPP": ffpp, "CELEBDF": celebdf, "DFDC": dfdc, "FAKEAVCELEB": fakeavceleb,
                  "FORGERYNET": forgerynet}
        for name, make in makers.items():
            (folder / name).mkdir()
            make(folder / name)
            environment[f"{name}_ROOT"] = str(folder / name)
        # Table 3 without the sets that are only tested on.
        text = (repository / "experiments/table3.kdl").read_text()
        text = text.replace('import "../', f'import "{repository}/').split("\ntable ")[0]
        (folder / "training.kdl").write_text(text)
        passed = [plan(program, folder / "training.kdl", environment) for _ in range(2)]
    sys.exit(not all(passed))


main()
