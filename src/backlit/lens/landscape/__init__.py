"""The loss as a landscape over all weights: its curvature, the bound of the learning rate, and slices through it.

surface.py    E, ∂E/∂θ and H v at any θ, on the rows given, by tapes of the machine
spectrum.py   the largest and the smallest eigenvalue of the Hessian H, with their residuals
bound.py      the largest rate at which the optimizer in use is stable, from the formula of its own step
slices.py     E along a direction, along one weight, over two weights, over the plane of a run's path
contours.py   lines of equal height; pictures.py: all of it as SVG
"""

from .bound import Bound, bound_of
from .slices import Plane, Profile, gradient_profile, path_plane, weight_named, weight_plane, weight_profile
from .spectrum import End, Spectrum, ends
from .surface import Surface

__all__ = [
    "Bound", "End", "Plane", "Profile", "Spectrum", "Surface", "bound_of", "ends", "gradient_profile", "path_plane",
    "weight_named", "weight_plane", "weight_profile",
]  # fmt: skip
