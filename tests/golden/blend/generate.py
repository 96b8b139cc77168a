"""Writes what tests/blend.rs compares with: each step of a self-blended image by OpenCV
and numpy, from the arithmetic that docs/pseudo-fakes.md describes.

    pip install opencv-python-headless==5.0.0 safetensors==0.8.0 numpy==2.4.6
    python tests/golden/blend/generate.py

The picture is the face of tests/golden/retinaface/astronaut.png, 64 by 60 pixels; points
are those of tests/golden/landmarks, in whole pixels of it.
"""

import pathlib

import cv2
import numpy as np
from safetensors.numpy import load_file, save_file

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent
LEFT, TOP, SIDE, WIDTH, HEIGHT = 150, 40, 150, 64, 60
OUTLINES = {
    "full": [[range(17), range(48, 68)], [range(27, 31), [33]], [range(17, 27), [0, 27, 16, 33]]],
    "components": [
        [range(9), [17]],
        [range(8, 17), [26]],
        [range(17, 20), [8]],
        [range(24, 27), [8]],
        [range(19, 25), [8]],
        [range(17, 22), [27], range(31, 36), [8]],
        [range(22, 27), [27], range(31, 36), [8]],
        [range(27, 31), range(31, 36)],
    ],
}


def lut(image, tables):
    return np.stack([tables[c][image[..., c]] for c in range(3)], -1)


def cut_off(values):
    return np.clip(values, 0, 255).astype(np.uint8)


def shift_hsv(image, by):
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    v = np.arange(256, dtype=np.float32)
    tables = [np.mod(v + by[0], 180).astype(np.uint8), cut_off(v + by[1]), cut_off(v + by[2])]
    return cv2.cvtColor(lut(hsv, tables), cv2.COLOR_HSV2RGB)


def outline(name, points, shape):
    mask = np.zeros(shape, np.float32)
    for part in OUTLINES[name]:
        chosen = points[[i for run in part for i in run]]
        cv2.fillConvexPoly(mask, cv2.convexHull(chosen.astype(np.int32)), 1.0)
    return mask


def raised(points):
    p = points.astype(np.float64).copy()
    ml, mr = (p[36] + p[0]) / 2, (p[16] + p[45]) / 2
    ql, qr = (p[36] + ml) / 2, (p[45] + mr) / 2
    left = np.stack([ql, p[36], p[37], p[38], p[39]])
    right = np.stack([p[42], p[43], p[44], p[45], qr])
    p[17:22] += (p[17:22] - left) / 2
    p[22:27] += (p[22:27] - right) / 2
    return np.round(p).astype(np.int32)


def affine(image, scale, shift, how):
    h, w = image.shape[:2]
    cx, cy = (w - 1) / 2, (h - 1) / 2
    m = np.array([[scale[0], 0, cx + shift[0] - scale[0] * cx], [0, scale[1], cy + shift[1] - scale[1] * cy]])
    return cv2.warpAffine(image, m, (w, h), flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def elastic(mask, noise):
    h, w = mask.shape
    dx, dy = (cv2.GaussianBlur(n, (57, 57), 7) * 50 for n in noise)
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return cv2.remap(mask, x + dx, y + dy, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)


def soften(mask, size, first, second, sigma):
    h, w = mask.shape
    m = cv2.resize(mask, size)
    m = cv2.GaussianBlur(m, (first, first), 0)
    m = m / m.max()
    m[m < 1 - 1e-6] = 0
    m = cv2.GaussianBlur(m, (second, second), sigma)
    return cv2.resize(m / m.max(), (w, h))


def jpeg(image, quality):
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].copy()


def coarsen(image, factor):
    h, w = image.shape[:2]
    small = cv2.resize(image, (w // factor, h // factor), interpolation=cv2.INTER_NEAREST)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)


def sharpen(image, alpha, lightness):
    kernel = np.full((3, 3), -1.0)
    kernel[1, 1] = 8 + lightness
    still = np.zeros((3, 3))
    still[1, 1] = 1
    return cv2.filter2D(image, -1, (1 - alpha) * still + alpha * kernel)


def main():
    cv2.setNumThreads(1)
    photo = cv2.imread(str(GOLDEN / "retinaface/astronaut.png"))[..., ::-1]
    image = cv2.resize(
        np.ascontiguousarray(photo[TOP : TOP + SIDE, LEFT : LEFT + SIDE]),
        (WIDTH, HEIGHT),
        interpolation=cv2.INTER_AREA,
    )
    marks = load_file(GOLDEN / "landmarks/landmarks.safetensors")
    x, y, side = marks["square"].astype(np.float64)
    points = marks["points"].astype(np.float64) * side + (x - LEFT, y - TOP)
    points = np.round(points * (WIDTH / SIDE, HEIGHT / SIDE)).astype(np.int32)
    rng = np.random.default_rng(5)
    noise = rng.uniform(-1, 1, (2, HEIGHT, WIDTH)).astype(np.float32)
    colours = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), -1).astype(np.uint8).reshape(-1, 18, 3)
    v = np.arange(256, dtype=np.float32)
    out = {
        "image": image,
        "points": points,
        "noise": noise,
        "rgb": lut(image, [cut_off(v + by) for by in (-17.3, 4.6, 19.9)]),
        "contrast": lut(image, [cut_off(v * (1 - 0.27) + 255 * 0.19)] * 3),
        "colours": colours,
        "hsv.down": shift_hsv(colours, (-0.2, -0.1, -0.3)),
        "hsv.same": shift_hsv(colours, (0.2, 0.1, 0.3)),
        "coarse.2": coarsen(image, 2),
        "coarse.4": coarsen(image, 4),
        "sharp": sharpen(image, 0.37, 0.81),
        "jpeg.40": jpeg(image, 40),
        "jpeg.75": jpeg(image, 75),
        "jpeg.100": jpeg(image, 100),
        "jpeg.odd": jpeg(image[:51, :47], 60),
        "jpeg.narrow": jpeg(image[:, 30:33], 75),
        "jpeg.colours": jpeg(colours, 90),
        "moved": affine(image, (1.04, 0.96), (2.5, -1.25), cv2.INTER_LINEAR),
        "final": cv2.resize(np.ascontiguousarray(image[4:55, 5:60]), (48, 48)),
        "large": cv2.resize(np.ascontiguousarray(image[4:55, 5:60]), (97, 113)),
    }
    for name in OUTLINES:
        out[f"hull.{name}"] = outline(name, points, (HEIGHT, WIDTH))
    out["hull.extended"] = outline("components", raised(points), (HEIGHT, WIDTH))
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(points), 1.0)
    out["hull.convex"] = mask
    out["mask.moved"] = affine(mask, (1.04, 0.96), (2.5, -1.25), cv2.INTER_NEAREST)
    out["mask.elastic"] = elastic(mask, noise)
    out["mask.soft"] = soften(mask, (200, 240), 15, 9, 12)
    share = (out["mask.soft"] * np.float32(0.75))[..., None].astype(np.float64)
    mixed = share * out["sharp"] + (1 - share) * image
    out["blend"] = (mixed + 1e-4).astype(np.uint8)
    for name, value in out.items():
        if name.startswith(("hull", "mask.moved", "mask.elastic")):
            out[name] = value.astype(np.uint8)
    save_file({k: np.ascontiguousarray(v) for k, v in out.items()}, HERE / "blend.safetensors")


if __name__ == "__main__":
    main()
