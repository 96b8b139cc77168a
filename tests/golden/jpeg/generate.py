"""JPEG files and what Pillow and OpenCV read from them, for tests/jpeg.rs.

    apt install libjpeg-turbo-progs
    pip install Pillow==12.3.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 safetensors==0.8.0
    python tests/golden/jpeg/generate.py

cjpeg writes the samplings and scans that Pillow cannot. Both libraries decode with
libjpeg-turbo (3.1.4.1 in this Pillow).
"""

import io
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy
from PIL import Image
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
rng = numpy.random.default_rng(14)


def picture(width: int, height: int) -> Image.Image:
    """Waves, noise in a corner and sharp edges in another."""
    y, x = numpy.mgrid[0:height, 0:width]
    waves = [numpy.sin(x / 9 + y / 17), numpy.cos(x / 13 - y / 7), numpy.sin((x + y) / 11)]
    pixels = 128 + 100 * numpy.stack(waves, -1)
    corner = pixels[height // 2 :, width // 2 :]
    corner[:] = rng.integers(0, 256, corner.shape)
    pixels[: height // 3, : width // 3] = [255, 0, 0]
    pixels[: height // 3 : 2, : width // 3 : 3] = [0, 255, 255]
    return Image.fromarray(numpy.clip(pixels, 0, 255).astype(numpy.uint8))


def pillow(image: Image.Image, **options) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        image.save(file, "jpeg", **options)
        file.flush()
        return Path(file.name).read_bytes()


def cjpeg(image: Image.Image, *options: str, scans: str = "") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder, "image.ppm"), Path(folder, "scans")
        image.save(source, "ppm")
        if scans:
            script.write_text(scans)
            options += ("-scans", str(script))
        return subprocess.run(["cjpeg", *options, str(source)], check=True, capture_output=True).stdout


def read(file: bytes) -> numpy.ndarray:
    return numpy.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


files = {}
image = picture(45, 38)
for quality in (10, 30, 50, 75, 90, 95, 100):
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        files[f"quality {quality} {name}"] = pillow(image, quality=quality, subsampling=subsampling)
for width, height in ((1, 1), (2, 2), (3, 3), (4, 5), (5, 2), (8, 8), (16, 16), (17, 9), (33, 31)):
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        small = picture(width, height)
        files[f"size {width} {height} {name}"] = pillow(small, quality=85, subsampling=subsampling)
SAMPLINGS = "1x2 4x1 1x4 4x2 2x4 3x1 2x2,1x2,1x2 2x2,2x1,2x1 2x2,1x2,2x1 2x1,1x1,2x1 2x2,2x2,1x1 1x1,2x1,1x1 4x1,2x1,1x1 1x4,1x2,1x1"
for sampling in SAMPLINGS.split():
    files[f"sampling {sampling}"] = cjpeg(image, "-quality", "80", "-sample", sampling)
    options = ("-quality", "80", "-progressive", "-sample", sampling)
    files[f"progressive {sampling}"] = cjpeg(image, *options)
for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
    options = {"quality": 90, "subsampling": subsampling}
    files[f"progressive {name}"] = pillow(image, progressive=True, **options)
    files[f"optimised {name}"] = pillow(image, optimize=True, **options)
    files[f"restarts {name}"] = pillow(image, restart_marker_blocks=1, **options)
    files[f"progressive restarts {name}"] = pillow(
        image, progressive=True, restart_marker_blocks=2, **options
    )
files["grey"] = pillow(image.convert("L"), quality=80)
files["grey progressive"] = pillow(image.convert("L"), quality=80, progressive=True)
files["grey 2x2"] = cjpeg(image.convert("L"), "-quality", "80", "-sample", "2x2")
files["rgb"] = pillow(image, quality=80, keep_rgb=True)
files["cmyk"] = pillow(image.convert("CMYK"), quality=80)
files["cmyk progressive"] = pillow(image.convert("CMYK"), quality=80, progressive=True)
# The same components as Adobe's brightness, chroma and black.
adobe = files["cmyk"].index(b"Adobe") + 11
files["ycck"] = files["cmyk"][:adobe] + b"\2" + files["cmyk"][adobe + 1 :]
files["scans one by one"] = cjpeg(image, "-quality", "80", scans="0;\n1;\n2;\n")
files["scans one and two"] = cjpeg(image, "-quality", "80", "-sample", "1x1", scans="0;\n1 2;\n")
files["steps of 16 bits"] = cjpeg(image, "-quality", "5")

golden = {}
for name, file in files.items():
    golden[f"{name}|file"] = numpy.frombuffer(file, numpy.uint8)
    golden[f"{name}|pixels"] = read(file)
# Upright, as OpenCV turns them.
upright = picture(24, 15)
for kind in ("jpeg", "png", "webp"):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        file = io.BytesIO()
        options = {"lossless": True} if kind == "webp" else {}
        upright.save(file, kind, exif=exif, **options)
        bytes_ = numpy.frombuffer(file.getvalue(), numpy.uint8)
        golden[f"{kind} orientation {orientation}|file"] = bytes_
        turned = cv2.imdecode(bytes_, cv2.IMREAD_COLOR)[:, :, ::-1]
        golden[f"{kind} orientation {orientation}|pixels"] = numpy.ascontiguousarray(turned)
save_file(golden, HERE / "jpeg.safetensors")
print(len(files), "files", (HERE / "jpeg.safetensors").stat().st_size, "bytes")
