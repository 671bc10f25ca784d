"""Images, for `generators.py`."""

import numpy as np
from splitting import _split


def _digit_images(m, side, r):
    """load_digits (8x8) resampled to side x side, shifted by up to a twelfth of the side; values 0..1."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    d = load_digits()
    inner = side - 2 * (side // 7)
    big = np.clip(np.stack([zoom(im / 16.0, inner / 8, order=1) for im in d.images]), 0, 1)
    pick = np.concatenate([r.permutation(len(big)) for _ in range(1 + m // len(big))])[:m]
    x = np.zeros((m, side, side), np.float32)
    room = side - big.shape[1]
    mid = room // 2
    j = max(1, side // 12)
    for i, p in enumerate(pick):
        a, b = mid + r.integers(-j, j + 1, 2)
        x[i, a : a + big.shape[1], b : b + big.shape[1]] = big[p]
    return x, d.target[pick]


def gen_mnist_like(s, r):
    n = s["n_samples"]
    m = n + 1000
    side = s["shape"][0] if "shape" in s else (32 if s["n_features"] == 3072 else 28)
    x, t = _digit_images(m, side, r)
    if s.get("n_features") == 3072:  # three tinted copies
        x = (x[:, None] * r.uniform(0.4, 1, (m, 3, 1, 1))).astype(np.float32)
    lo, hi = s["x_range"]
    x = lo + (hi - lo) * x.reshape(m, -1)
    if "shape" in s:
        x = x.reshape(m, 1, side, side)
    return _split(x, t, n, "class", s["n_classes"])


def gen_images(s, r):
    """Ten classes: tinted digits on a tinted background. Three classes: stripes, checks, discs, with noise."""
    n, (h, w, c), k = s["n_samples"], s["shape"], s["n_classes"]
    m = n + min(1000, n)
    if k == 10:
        g, t = _digit_images(m, h, r)
        fg, bg = r.uniform(0.5, 1, (m, c, 1, 1)), r.uniform(0, 0.4, (m, c, 1, 1))
        x = bg + (fg - bg) * g[:, None] + 0.05 * r.normal(size=(m, c, h, w))
    else:
        t = r.integers(0, k, m)
        i, j = np.mgrid[0:h, 0:w] / h
        ph, f = r.random((m, 1, 1)) * 6.28, r.uniform(4, 8, (m, 1, 1)) * 6.28
        stripes = np.sin(f * i + ph) > 0
        checks = (np.sin(f * i + ph) * np.sin(f * j + ph)) > 0
        cy, cx = r.uniform(0.3, 0.7, (2, m, 1, 1))
        disc = (i - cy) ** 2 + (j - cx) ** 2 < 0.06
        g = np.select([t[:, None, None] == 0, t[:, None, None] == 1], [stripes, checks], disc)
        x = 0.2 + 0.5 * g[:, None] * r.uniform(0.5, 1, (m, c, 1, 1)) + 0.08 * r.normal(size=(m, c, h, w))
    lo, hi = s.get("x_range", [0, 1])
    x = (lo + (hi - lo) * np.clip(x, 0, 1)).astype(np.float32)
    if s.get("flat"):
        x = x.reshape(m, -1)
        if s["flat"] == "unit rows":
            x /= np.linalg.norm(x, axis=1, keepdims=True)
    return _split(x, t, n, "class", k)
