"""Training rows and fresh ones."""


def _split(x, t, n, task, k=0):
    """The first n rows train; the rest, when there are any, are the fresh rows."""
    fresh = len(x) > n
    return {
        "x": x[:n], "t": t[:n], "x_eval": x[n:] if fresh else x, "t_eval": t[n:] if fresh else t,
        "task": task, "k": k, "on": "fresh" if fresh else "train",
    }  # fmt: skip
