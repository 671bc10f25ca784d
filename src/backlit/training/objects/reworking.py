"""A network made ready for another start: weights fitted to rows, another head, layers that stay as they are."""

from __future__ import annotations

from typing import Any, Self

from ...nn import Layer, Structure, tuning
from ..loop import sequential
from ..rows.arrays import as_matrix


class Reworked(Structure):
    """What `Network` can do with its layers and weights before a training."""

    def initialize_from(self, x: Any, *, seed: int = 0, dtype: str = "float32") -> dict[str, float]:
        """Give all Dense layers that are not frozen new weights, by which every u has the variance 1 on these rows.

        Layer-sequential unit-variance initialisation (LSUV): a random rotation for each layer, divided by the
        deviation of its u, layer by layer.  For deep networks, and for activation functions that no rule was made for.
        `fit(..., initial="lsuv")` does it with the training rows, for weights that are not there yet.

        Parameters
        ----------
        x : array of shape (rows, features), or a list of them for several inputs
            As `fit` takes them: prepared.  256 of the rows, chosen by the seed, are used.

        Returns
        -------
        dict of str to float
            The variance of u that was reached, by layer: 1 ± 0.01, or 0 where nothing that varies arrives.

        Notes
        -----
        Dropout does nothing meanwhile, and BatchNorm uses its running averages, which are 0 and 1 at first.

        Source: Mishkin, Matas, ICLR 2016.

        Examples
        --------
        >>> import numpy as np
        >>> from backlit import Dense, Network
        >>> net = Network([Dense(8, "u^3"), Dense(8, "u^3"), Dense(1)])
        >>> net.initialize_from(np.random.default_rng(0).normal(size=(100, 4)))
        {'dense1': 1.0, 'dense2': 1.0, 'dense3': 1.0}
        """
        many = isinstance(x, (list, tuple)) and len(self.inputs) > 1
        given = [as_matrix("x", a) for a in (x if many else [x])]
        self.prepare([a.shape[1] for a in given], seed=seed, dtype=dtype)
        rows = {link.layer.name: a for link, a in zip(self.inputs, given, strict=True)}
        found = sequential.layer_sequential(self, rows, seed=seed)
        return {name: round(variance, 3) for name, variance in found.items()}

    def replace_head(self, *head: Layer) -> Self:
        """The same body with another head, for another task: a copy, whose new layers get their weights in `fit`.

        The head is the last layer that has parameters, and what follows it.  All other layers come along with
        copies of their weights, and frozen as they are.  What the network was told of its data (`preparation`,
        `task`, `loss`) belongs to the old task and is left behind: if `backlit.train` made it, hand
        `net.preparation.inputs(x)` to `fit`; `backlit.train(..., start=net)` does all of it.

        Parameters
        ----------
        *head : Layer
            One or more, in order: `net.replace_head(Dense(5, "softmax"))`.

        Raises
        ------
        ParameterError
            BL350 when the output is made of several branches.

        Examples
        --------
        >>> import numpy as np
        >>> from backlit import Dense, Network
        >>> net = Network([Dense(8, "relu"), Dense(3, "softmax")])
        >>> net.prepare(4)
        >>> other = net.replace_head(Dense(5, "softmax"))
        >>> other.freeze("body")
        ['dense1']
        >>> run = other.fit(np.eye(4), [0, 1, 2, 4], epochs=2)
        >>> bool((other["dense1.weight"] == net["dense1.weight"]).all()), other["dense2.weight"].shape
        (True, (5, 8))
        """
        made: Self = tuning.replaced(self, head)
        return made

    def freeze(self, *names: str) -> list[str]:
        """Freeze layers by name, those inside them too: their weights keep their bits, whatever is trained.

        "body" stands for all layers but the head.  Running averages of BatchNorm go on, as in PyTorch.

        Returns
        -------
        list of str
            The names of the layers that were frozen.

        Raises
        ------
        ParameterError
            BL353 for a name that no layer has.
        """
        return tuning.freeze(self, names)

    def thaw(self, *names: str) -> list[str]:
        """The contrary of `freeze`."""
        return tuning.freeze(self, names, trainable=True)
