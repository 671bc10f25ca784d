"""The data of the troubled programs: a generator for each kind, as `README.md` describes them.

Every generator returns a dictionary:

    x, x_eval   inputs of the training rows and of the rows the metric is computed on
    t, t_eval   the right target: class numbers (n,), label matrix (n, k) or real values (n, k)
    task        "class" | "multilabel" | "regression" | "steps"
    k           number of classes
    on          "fresh" (x_eval are new rows) or "train" (x_eval are the training rows)
"""

import numpy as np


def _split(x, t, n, task, k=0):
    """The first n rows train; the rest, when there are any, are the fresh rows."""
    fresh = len(x) > n
    x_eval, t_eval = (x[n:], t[n:]) if fresh else (x, t)
    on = "fresh" if fresh else "train"
    return {"x": x[:n], "t": t[:n], "x_eval": x_eval, "t_eval": t_eval, "task": task, "k": k, "on": on}


def _n_fresh(n):
    return int(min(max(n, 200), 2000))


def _y_scaled_to(y, lo, hi):
    return lo + (hi - lo) * (y - y.min()) / (y.max() - y.min())


def _signal(z, r, k_out=1, noise=0.15):
    """Smooth, mildly nonlinear function of the columns of z with noise, standardised."""
    d = z.shape[1]
    w = r.normal(size=(d, k_out)) * (1.0 / np.sqrt(1 + np.arange(d)))[:, None]
    s = z @ w
    if d > 1:
        s += 0.4 * (z[:, [0]] * z[:, [1]])
    s = (s - s.mean(0)) / s.std(0)
    return s + noise * r.normal(size=s.shape)


def gen_auto_mpg_like(s, r):
    n, m = s["n_samples"], s["n_samples"] + _n_fresh(s["n_samples"])
    rg = s["numeric_ranges"]
    size = np.clip(r.normal(size=m), -2, 2)  # one latent: how big the car is
    u = np.clip((size + 2) / 4 + 0.08 * r.normal(size=(6, m)), 0, 1)
    u[4] = np.clip(0.65 - 0.35 * (size + 2) / 4 + 0.15 * r.normal(size=m), 0, 1)  # acceleration falls
    u[5] = r.random(m)  # model year is independent
    x = np.stack([lo + (hi - lo) * q for (lo, hi), q in zip(rg, u, strict=True)], 1)
    x[:, 0] = np.round(x[:, 0])
    x[:, 5] = np.round(x[:, 5])
    origin = np.eye(s["n_binary"])[np.where(r.random(m) < 0.6, 0, r.integers(1, s["n_binary"], m))]
    y = np.exp(-1.1 * u[3] - 0.35 * u[2] + 0.45 * u[5] + 0.1 * origin[:, 1] + 0.08 * r.normal(size=m))
    y = _y_scaled_to(y, *s["y_range"])[:, None]
    x = np.concatenate([x, origin], 1)
    how = s.get("scaled")
    if how == "twice":  # min-max, then divided by the range again
        width = np.ptp(x[:n], axis=0)
        x = (x - x[:n].min(0)) / width / width
    elif how:
        x = (x - x[:n].mean(0)) / x[:n].std(0)
    if how and s.get("y_scaled", True):
        y = 2 * (y - y[:n].min()) / np.ptp(y[:n]) - 1  # -1..1
    return _split(x, y, n, "regression")


def gen_make_classification(s, r):
    from sklearn.datasets import make_classification

    n, k, inf = s["n_samples"], s["n_classes"], s["n_informative"]
    x, t = make_classification(
        n_samples=n + _n_fresh(n),
        n_features=s["n_features"],
        n_informative=inf,
        n_redundant=min(2, s["n_features"] - inf),
        n_classes=k,
        n_clusters_per_class=1 if k * 2 > 2**inf else 2,
        random_state=s.get("seed", 0),
    )
    if n < 20 * k:  # too few rows per class for fresh rows to tell
        x, t = x[:n], t[:n]
    return _split(x, t, n, "class", k)


def gen_make_regression(s, r):
    from sklearn.datasets import make_regression

    n = s["n_samples"]
    x, y = make_regression(
        n_samples=n + _n_fresh(n),
        n_features=s["n_features"],
        n_targets=s["n_targets"],
        n_informative=min(10, s["n_features"]),
        random_state=s.get("seed", 0),
    )
    y = y.reshape(len(x), -1)
    if s.get("y_transform") == "row / row.sum()":
        y = y / y.sum(1, keepdims=True)
    if s.get("y_transform") == "row softmax":  # true proportions
        e = np.exp((y - y.mean(0)) / y.std(0))
        y = e / e.sum(1, keepdims=True)
    if s.get("scale_x") == "standard":
        x = (x - x[:n].mean(0)) / x[:n].std(0)
    return _split(x, y, n, "regression")


def gen_make_multilabel_classification(s, r):
    from sklearn.datasets import make_multilabel_classification

    n, k = s["n_samples"], s["n_classes"]
    x, t = make_multilabel_classification(
        n_samples=n + _n_fresh(n), n_features=s["n_features"], n_classes=k, n_labels=2, random_state=s.get("seed", 0)
    )
    return _split(x, t[:, 0], n, "class", 2) if k == 1 else _split(x, t, n, "multilabel", k)


def gen_mixed_scale_table(s, r):
    """Skewed columns filling the given ranges; the label is a noisy function of their ranks."""
    n = s["n_samples"]
    m = n if n < 60 else n + _n_fresh(n)
    rg = s["numeric_ranges"]
    u = r.random((m, len(rg)))
    wide = np.array([hi - lo > 2000 for lo, hi in rg])
    x = np.stack([lo + (hi - lo) * (q**3 if w else q) for (lo, hi), q, w in zip(rg, u.T, wide, strict=True)], 1)
    b = (r.random((m, s.get("n_binary", 0))) < 0.4).astype(float)
    x = np.concatenate([x, b], 1)
    k = s.get("n_classes", 2)
    if k > 2:  # classes are unequal consecutive intervals of the first column
        share = 1 / np.arange(1, k + 1)
        share /= share.sum()
        t = np.searchsorted(np.cumsum(share)[:-1], u[:, 0])
        return _split(x, t, n, "class", k)
    if x[:, 0].min() < -900:  # -999 stands for a missing value
        x[r.random(m) < 0.15, 0] = -999
    z = np.concatenate([u - 0.5, b - 0.4], 1) * np.sqrt(12)
    z = z[:, [j for j in range(z.shape[1]) if j >= len(rg) or rg[j][0] != rg[j][1]]]
    z = z[:, np.argsort(r.random(z.shape[1]))][:, :8]
    w = np.array([1.0, -1.0, 0.8, -0.8, 0.6, 0.6, -0.4, 0.4])[: z.shape[1]]
    score = z @ w + 0.3 * z[:, 0] * z[:, 1] + 0.5 * r.normal(size=m)
    t = (score > np.quantile(score, 1 - s["pos_rate"])).astype(int)
    return _split(x, t, n, "class", 2)


def gen_random_regression(s, r):
    n, d, q = s["n_samples"], s["n_features"], s.get("n_targets", 1)
    m = n if n < 60 else n + _n_fresh(n)
    if d > 100:  # images: 10 latents behind all pixels
        z = r.normal(size=(m, 10))
        x = 0.5 + 0.15 * z @ r.normal(size=(10, d)) / np.sqrt(10) + 0.03 * r.normal(size=(m, d))
    elif "x_range" in s:
        z = r.random((m, d))
        x = s["x_range"][0] + np.ptp(s["x_range"]) * z
        z = (z - 0.5) * np.sqrt(12)
    else:
        z = r.normal(size=(m, d))
        x = s["x_mean"] + s["x_std"] * z
    if "x_range" in s:
        x = np.clip(x, *s["x_range"])
    y = _signal(z, r, q)
    if "y_mean" in s:
        y = s["y_mean"] + s["y_std"] * y
        y = np.clip(y, s.get("y_min", -np.inf), s.get("y_max", np.inf))
    else:
        y = np.clip(y / 3, *s["y_range"])
    return _split(x, y, n, "regression")


def gen_formula(s, r):
    if s["x"].startswith("sorted uniform"):
        x = (np.sort(r.uniform(-10, 10, s["n_samples"])) + 10) / 20
    else:
        x = eval(s["x"], {"__builtins__": {}}, {"arange": np.arange, "linspace": np.linspace})
    x = np.asarray(x, float)[:, None]
    y = eval(s["y"], {"__builtins__": {}}, {"x": x, "sin": np.sin, "normal": lambda a, b: r.normal(a, b, x.shape)})
    return _split(x, y, len(x), "regression")


def gen_formula_lin_t(s, r):
    t = np.arange(s["n_samples"], dtype=float)
    return _split(
        np.stack([t, np.ones_like(t)], 1), (2 * t + 4 + r.uniform(0, 10, t.shape))[:, None], len(t), "regression"
    )


def gen_formula2(s, r):
    n = s["n_samples"]
    if "k" in s["y"]:
        k = np.sort(r.integers(26, 489, n)).astype(float)
        return _split(np.stack([k, 2 * k], 1), 3 * k[:, None], n, "regression")
    x = r.integers(0, 101, (n + _n_fresh(n), 2)) / 100.0
    return _split(x, x.mean(1, keepdims=True), n, "regression")


def gen_linear(s, r):
    n = s["n_samples"]
    x = r.uniform(*s["x_range"], (n + _n_fresh(n), s["n_features"]))
    return _split(x, x @ np.array(s["w"])[:, None] + s["b"], n, "regression")


def gen_linear_noise(s, r):
    n = s["n_samples"]
    x = r.uniform(*s["x_range"], (n, 1))
    w, b = r.uniform(*s["w_range"], 2)
    return _split(x, w * x + b + s["noise"] * r.uniform(-1, 1, x.shape), n, "regression")


def gen_select_feature(s, r):
    n = s["n_samples"]
    x = r.uniform(*s["x_range"], (n + _n_fresh(n), s["n_features"]))
    return _split(x, x[:, [s["index"]]], n, "regression")


def gen_grid_identity(s, r):
    g = np.arange(1, 11)
    x = np.stack(np.meshgrid(g, g, indexing="ij"), -1).reshape(-1, 2)
    x = (x - 1) / 9.0
    return _split(x, x.copy(), len(x), "regression")


def gen_random_ints(s, r):
    n = s["n_samples"]
    x = r.integers(s["x_range"][0], s["x_range"][1] + 1, (n, s["n_features"])).astype(float)
    return _split(x, r.integers(s["y_range"][0], s["y_range"][1] + 1, (n, 1)).astype(float), n, "regression")


def gen_table(s, r):
    x, y = np.array(s["x"], float), np.array(s["y"], float)
    task = s.get("task") or (
        "class" if y.shape[1] == 1 and set(y.ravel()) <= {0, 1, 2, 3} and len(set(y.ravel())) < len(y) else "regression"
    )
    if task == "class":
        return _split(x, y[:, 0].astype(int), len(x), "class", int(y.max()) + 1)
    return _split(x, y, len(x), "regression")


def gen_table_like(s, r):
    n = s["n_samples"]
    t = (np.arange(n) >= round(n * 8 / 21)).astype(int)  # 8 : 13, majority 0.62
    x = np.array(s["x_values"], float)[t]
    for i in r.choice(n, 3, replace=False):  # a few rows with the last columns swapped
        x[i, 1], x[i, 2] = x[i, 2], x[i, 1]
    return _split(x, t, n, "class", 2)


def gen_iris_like(s, r):
    from sklearn.datasets import load_iris

    d = load_iris()
    n, k = s["n_samples"], 3
    order = np.concatenate([r.permutation(np.flatnonzero(d.target == c)) for c in range(k)]).reshape(k, -1).T.ravel()
    x, t = d.data[order], d.target[order]
    if s.get("scaled"):
        x = (x - x[:n].mean(0)) / x[:n].std(0)
    return _split(x, t, n, "class", k)


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


def gen_ips12(s, r):
    n = s["n_samples"]
    m = n + 1000
    t = (r.random(m) >= 2 / 3).astype(int)  # 0 with probability 2/3
    x = r.normal(0, 0.1, (m, s["n_features"])) + np.where(t == 0, r.integers(-1, 2, m), 0)[:, None]
    return _split(x, t, n, "class", 2)


def gen_two_uniform_squares(s, r):
    n = s["n_samples"]
    m = n + 400
    t = np.arange(m) % 2
    lo, hi = np.array(s["ranges"])[t].T
    return _split(r.uniform(lo[:, None], hi[:, None], (m, 2)), t, n, "class", 2)


def gen_threshold(s, r):
    n = s["n_samples"]
    m = n + _n_fresh(n)
    x = r.uniform(*s["x_range"], (m, 1))
    cut = float(s["rule"].split("<")[1])
    if cut > 10:
        x = np.round(x)
    return _split(x, (x[:, 0] < cut).astype(int), n, "class", 2)


def gen_uniform(s, r):
    n = s["n_samples"]
    x = r.uniform(*s["x_range"], (n + _n_fresh(n), s["n_features"]))
    if s["target"] == "int01 random":
        x = x[:n]
        return _split(x, r.integers(0, 2, n), n, "class", 2)
    return _split(x, (x[:, 0] + x[:, 1] > x[:, 2] + x[:, 3]).astype(int), n, "class", 2)


def gen_constant_target(s, r):
    n = s["n_samples"]
    return _split(np.stack([r.uniform(0, 0.84, n), r.uniform(-2.5, 0.77, n)], 1), np.ones(n, int), n, "class", 2)


def gen_constant_rows(s, r):
    n = s["n_samples"]
    t = (np.arange(n) < n // 2).astype(int)
    return _split(np.repeat(t[:, None].astype(float), s["n_features"], 1), t, n, "class", 2)


def _bits(v, b):
    return (np.asarray(v)[:, None] >> np.arange(b - 1, -1, -1) & 1).astype(float)


def gen_bits_mod7(s, r):
    n, b = s["n_samples"], s["bits"]
    v = r.integers(0, 2**b, n)  # no net of this size finds the rule: training rows
    return _split(_bits(v, b), _bits(v % 7, b), n, "multilabel", b)


def gen_binary_permutation(s, r):
    v = np.arange(2 ** s["bits"])
    return _split(_bits(v, s["bits"]), _bits(r.permutation(v), s["bits"]), len(v), "multilabel", s["bits"])


def gen_game_of_life(s, r):
    n, h, w = s["n_samples"], s["height"], s["width"]
    m = n + 1000
    b = np.zeros((m, h + 2, w + 2))
    b[:, 1:-1, 1:-1] = r.integers(0, 2, (m, h, w))
    nb = sum(np.roll(b, (i, j), (1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)[:, 1:-1, 1:-1]
    alive = b[:, 1:-1, 1:-1]
    y = ((nb == 3) | ((alive == 1) & (nb == 2))).astype(float).reshape(m, -1)
    return _split(b[:, None], y, n, "multilabel", h * w)


def gen_sequences(s, r):
    """Zero-padded sequences; label 1 or 2 by the sign of the first feature of the step, 0 on the padding."""
    n, st, f = s["n_samples"], s["steps"], s["features"]
    x = r.normal(size=(n, st, f))
    length = r.integers(st // 2, st + 1, n)
    live = np.arange(st)[None] < length[:, None]
    x = np.where(live[..., None], x, 0.0)
    t = np.where(live, 1 + (x[..., 0] > 0), 0)
    return _split(x, t, n, "steps", 3)
