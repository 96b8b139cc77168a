"""Writes golden.json: embeddings with classes and videos, and what scikit-learn says of them.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 numpy==2.3.4
    venv/bin/python tests/golden/separability/generate.py

The tests read it without Python. A video's own faces are no neighbours: each video is left out in turn.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import balanced_accuracy_score, silhouette_score
from sklearn.neighbors import KNeighborsClassifier

assert sklearn.__version__ == "1.9.1", sklearn.__version__

COUNT, WIDTH, VIDEOS = 150, 19, 30
MARGIN = {"false": 1.5, "true": 0.2}


def triplets(points, classes, margin):
    """Shares of easy, semi-hard and hard triplets, one after the other."""
    counts = [0, 0, 0]
    for anchor in range(len(points)):
        distance = np.linalg.norm(points - points[anchor], axis=1)
        negatives = distance[classes != classes[anchor]]
        for positive in range(len(points)):
            if positive == anchor or classes[positive] != classes[anchor]:
                continue
            for negative in negatives:
                if negative < distance[positive]:
                    counts[2] += 1
                elif negative < distance[positive] + margin:
                    counts[1] += 1
                else:
                    counts[0] += 1
    return [count / sum(counts) for count in counts]


def nearest(points, classes, videos):
    """The class of the nearest face of another video, a video left out at a time."""
    predicted = np.empty_like(classes)
    for video in set(videos):
        out = videos == video
        model = KNeighborsClassifier(n_neighbors=1, algorithm="brute").fit(points[~out], classes[~out])
        predicted[out] = model.predict(points[out])
    balanced = balanced_accuracy_score(classes, predicted)
    return [float((predicted == classes).mean()), float(balanced)]


random = np.random.default_rng(19)
videos = random.integers(0, VIDEOS, COUNT)
classes = np.digitize(videos, [9, 18])
centres = random.normal(0, 0.5, (3, WIDTH))
of_video = random.normal(0, 1.0, (VIDEOS, WIDTH))
noise = random.normal(0, 1, (COUNT, WIDTH)) * np.linspace(1.6, 0.2, WIDTH)
points = (3 + centres[classes] + of_video[videos] + noise).astype(np.float32)

golden = {
    "width": WIDTH,
    "points": [float(x) for x in points.ravel()],
    "classes": classes.tolist(),
    "videos": videos.tolist(),
}
for normalize in ["false", "true"]:
    space = points.astype(np.float64)
    if normalize == "true":
        space = space / np.linalg.norm(space, axis=1, keepdims=True)
    pca = PCA(2, svd_solver="full").fit(space)
    tsne = TSNE(2, method="exact", init="pca", random_state=0)
    mapped = tsne.fit_transform(space)
    golden[f"normalized_{normalize}"] = {
        "margin": MARGIN[normalize],
        "triplets": triplets(space, classes, MARGIN[normalize]),
        "silhouette": float(silhouette_score(space, classes)),
        "nearest": nearest(space, classes, videos),
        "pca": pca.transform(space).ravel().tolist(),
        "explained": pca.explained_variance_ratio_.tolist(),
        "tsne": [float(x) for x in mapped.ravel()],
        "trustworthiness": float(trustworthiness(space, mapped, n_neighbors=5)),
    }
text = json.dumps(golden, indent=None, separators=(",", ":"))
(Path(__file__).parent / "golden.json").write_text(text + "\n")
for key in ["false", "true"]:
    shown = golden[f"normalized_{key}"]
    print({name: shown[name] for name in ["triplets", "silhouette", "nearest", "explained", "trustworthiness"]})
