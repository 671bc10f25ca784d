"""Backlit: neural networks by their own backpropagation, fast on a CPU, with the light on.

    import backlit
    run = backlit.train("digits")
    print(run)

The names below are loaded when they are first used, so that `import backlit` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

_HOMES = {
    "Network": "training",
    "Run": "training",
    "train": "training",
    "cross_validate": "training",
    "load": "training",
    "repeat": "training",
    "resume": "training",
    "gradient_check": "training",
    "Descent": "lens.descent",
    "descend": "lens.descent",
    "trace": "training",
    "collapse": "training",
    "curvature": "training",
    "diagnose": "training",
    "landscape": "training",
    "APL": "nn",
    "Activation": "nn",
    "Add": "nn",
    "AlphaDropout": "nn",
    "BatchNorm": "nn",
    "CReLU": "nn",
    "Concatenate": "nn",
    "Dense": "nn",
    "Dropout": "nn",
    "GLU": "nn",
    "GaussianDropout": "nn",
    "GaussianNoise": "nn",
    "Input": "nn",
    "LayerNorm": "nn",
    "Maxout": "nn",
    "PELU": "nn",
    "PReLU": "nn",
    "RMSNorm": "nn",
    "RReLU": "nn",
    "Rescale": "nn",
    "Residual": "nn",
    "SReLU": "nn",
    "Scale": "nn",
    "Snake": "nn",
    "SoftExponential": "nn",
    "Swish": "nn",
    "BacklitError": "errors",
    "activations": "lens.gallery",
}
_ROOMS = ("cli", "core", "data", "errors", "lens", "machine", "messages", "nn", "ops", "optim", "report", "training")

if TYPE_CHECKING:
    from .errors import BacklitError as BacklitError
    from .lens.descent import Descent as Descent
    from .lens.descent import descend as descend
    from .lens.gallery import activations as activations
    from .nn import APL as APL
    from .nn import GLU as GLU
    from .nn import PELU as PELU
    from .nn import Activation as Activation
    from .nn import Add as Add
    from .nn import AlphaDropout as AlphaDropout
    from .nn import BatchNorm as BatchNorm
    from .nn import Concatenate as Concatenate
    from .nn import CReLU as CReLU
    from .nn import Dense as Dense
    from .nn import Dropout as Dropout
    from .nn import GaussianDropout as GaussianDropout
    from .nn import GaussianNoise as GaussianNoise
    from .nn import Input as Input
    from .nn import LayerNorm as LayerNorm
    from .nn import Maxout as Maxout
    from .nn import PReLU as PReLU
    from .nn import Rescale as Rescale
    from .nn import Residual as Residual
    from .nn import RMSNorm as RMSNorm
    from .nn import RReLU as RReLU
    from .nn import Scale as Scale
    from .nn import Snake as Snake
    from .nn import SoftExponential as SoftExponential
    from .nn import SReLU as SReLU
    from .nn import Swish as Swish
    from .training import Network as Network
    from .training import Run as Run
    from .training import collapse as collapse
    from .training import cross_validate as cross_validate
    from .training import curvature as curvature
    from .training import diagnose as diagnose
    from .training import gradient_check as gradient_check
    from .training import landscape as landscape
    from .training import load as load
    from .training import repeat as repeat
    from .training import resume as resume
    from .training import trace as trace
    from .training import train as train


def __getattr__(name: str) -> Any:
    import importlib

    if name in _HOMES:
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_HOMES, *_ROOMS, "__version__"])


__all__ = ["__version__", *_HOMES]
