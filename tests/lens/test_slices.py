"""Slices through the loss, their contours and their pictures."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import BacklitError
from backlit.lens.landscape import (
    Surface,
    contours,
    gradient_profile,
    path_plane,
    pictures,
    weight_named,
    weight_plane,
    weight_profile,
)
from backlit.nn import Dense, Structure


@pytest.fixture
def surface(rng) -> Surface:
    net = Structure([Dense(3, "tanh"), Dense(2)])
    net.prepare(4, dtype="float64")
    rows = {"x": rng.normal(size=(30, 4)), "t": rng.normal(size=(30, 2))}
    return Surface(net, rows, {"loss": "squared_error"})


def test_a_weight_is_found_by_the_place_at_which_it_is_shown(surface):
    net = surface.net
    for text, value in {
        "dense1.weight[2,3]": net["dense1.weight"][2, 3],
        "0.weight[2,3]": net["dense1.weight"][2, 3],
        "dense2.bias[1]": net["dense2.bias"][1],
    }.items():
        assert surface.theta[weight_named(surface, text).place] == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dense1.weight", "BL372"),
        ("dense1.weight[3,0]", "BL372"),
        ("dense1.weight[0]", "BL372"),
        ("dense1.weight[a,b]", "BL372"),
        ("dense1.weight[-1,0]", "BL372"),
        ("dense1.wieght[0,0]", "BL307"),
        ("", "BL307"),
    ],
)
def test_a_weight_that_is_not_there_is_told(surface, text, code):
    with pytest.raises(BacklitError) as caught:
        weight_named(surface, text)
    assert caught.value.code == code


def test_a_frozen_parameter_has_no_weights_in_the_landscape(rng):
    net = Structure([Dense(2, "tanh", trainable=False), Dense(1)])
    net.prepare(2)
    surface = Surface(net, {"x": rng.normal(size=(5, 2)), "t": rng.normal(size=(5, 1))}, {"loss": "squared_error"})
    with pytest.raises(BacklitError) as caught:
        weight_named(surface, "dense1.weight[0,0]")
    assert caught.value.code == "BL372"


def test_slope_and_curvature_of_a_slice_are_those_of_its_own_points(surface):
    found = weight_profile(surface, weight_named(surface, "dense1.weight[1,2]"), points=2001)
    step = found.at[1] - found.at[0]
    middle = len(found.at) // 2
    before, here, after = found.losses[middle - 1 : middle + 2]
    assert here == pytest.approx(found.loss, rel=1e-12)
    assert (after - before) / (2 * step) == pytest.approx(found.slope, rel=1e-4)
    assert (after - 2 * here + before) / step**2 == pytest.approx(found.curvature, rel=1e-3)
    near = slice(middle - 20, middle + 21)
    np.testing.assert_allclose(found.parabola()[near], found.losses[near], rtol=1e-4)


def test_along_the_gradient_of_a_bowl_the_parabola_is_the_loss(rng):
    net = Structure([Dense(1, bias=False)])
    net.prepare(3, dtype="float64")
    rows = {"x": rng.normal(size=(20, 3)), "t": rng.normal(size=(20, 1))}
    surface = Surface(net, rows, {"loss": "squared_error"})
    found = gradient_profile(surface)
    np.testing.assert_allclose(found.parabola(), found.losses, rtol=1e-10)
    assert found.slope == pytest.approx(-float(surface.gradient() @ surface.gradient()))
    assert found.at[np.argmin(found.losses)] == pytest.approx(found.bottom, abs=found.at[1] - found.at[0])


def test_a_map_holds_the_profiles_of_both_weights(surface):
    one, two = (weight_named(surface, name) for name in ("dense1.weight[1,2]", "dense2.bias[0]"))
    found = weight_plane(surface, one, two, points=11)
    np.testing.assert_allclose(found.losses[5], weight_profile(surface, one, points=11).losses, rtol=1e-12)
    np.testing.assert_allclose(found.losses[:, 5], weight_profile(surface, two, points=11).losses, rtol=1e-12)
    with pytest.raises(BacklitError) as caught:
        weight_plane(surface, one, one)
    assert caught.value.code == "BL373"


def test_nothing_is_found_along_a_gradient_of_zero(surface):
    surface.inputs["t"] = np.zeros((30, 2))
    surface.theta = np.zeros(surface.size)
    with pytest.raises(BacklitError) as caught:
        gradient_profile(surface)
    assert caught.value.code == "BL373"


def test_a_path_within_a_plane_is_explained_whole_and_lies_where_it_went(surface, rng):
    one, two = rng.normal(size=(2, surface.size))
    thetas = [surface.theta + a * one + b * two for a, b in [(2, 1), (1, 1), (0.5, -0.3), (0, 0)]]
    found = path_plane(surface, thetas, [0, 1, 2, 3], points=5)
    assert sum(found.explained) == pytest.approx(1.0)
    assert found.explained[0] > found.explained[1] > 0
    for theta, dot in zip(thetas, found.dots, strict=True):
        assert np.hypot(dot.x, dot.y) == pytest.approx(np.linalg.norm(theta - surface.theta), abs=1e-9)
        assert dot.loss == pytest.approx(surface.loss(theta), rel=1e-12)
    assert (found.dots[-1].x, found.dots[-1].y) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_the_shares_of_a_path_in_many_directions_are_those_of_its_squared_distances(surface, rng):
    thetas = [surface.theta + k * rng.normal(size=surface.size) for k in (5, 4, 3, 2, 1)] + [surface.theta]
    found = path_plane(surface, thetas, range(6), points=3)
    inside = sum(dot.x**2 + dot.y**2 for dot in found.dots)
    whole = sum(float(np.sum((theta - surface.theta) ** 2)) for theta in thetas)
    assert sum(found.explained) == pytest.approx(inside / whole)
    assert sum(found.explained) < 1


def test_a_path_of_two_places_spans_no_plane(surface):
    with pytest.raises(BacklitError) as caught:
        path_plane(surface, [surface.theta + 1, surface.theta], [0, 1])
    assert caught.value.code == "BL373"


# ---- contours and pictures --------------------------------------------------------------------------------------


def test_a_contour_runs_where_the_height_is():
    at = np.linspace(-2, 2, 41)
    losses = at[None, :] ** 2 + at[:, None] ** 2
    pieces = contours.lines(at, at, losses, 1.0)
    ends = np.array(pieces).reshape(-1, 2)
    np.testing.assert_allclose(np.hypot(*ends.T), 1.0, atol=0.01)
    length = sum(np.hypot(c - a, d - b) for a, b, c, d in pieces)
    assert length == pytest.approx(2 * np.pi, rel=0.01)


def test_a_saddle_is_parted_by_its_middle():
    at = np.array([0.0, 1.0])
    high = contours.lines(at, at, np.array([[2.0, 0.0], [0.0, 2.0]]), 0.5)  # middle 1: the high corners hang together
    low = contours.lines(at, at, np.array([[2.0, 0.0], [0.0, 2.0]]), 1.5)
    cut_off = {frozenset([(a, b), (c, d)]) for a, b, c, d in high}
    assert frozenset([(0.75, 0.0), (1.0, 0.25)]) in cut_off  # the low corner (1, 0) alone
    assert frozenset([(0.25, 0.0), (0.0, 0.25)]) in {frozenset([(a, b), (c, d)]) for a, b, c, d in low}


def test_cells_that_are_not_finite_are_left_out():
    at = np.array([0.0, 1.0, 2.0])
    losses = np.array([[0.0, 1.0, np.nan]] * 3)
    assert all(max(a, c) <= 1 for a, _, c, _ in contours.lines(at, at, losses, 0.5))
    assert contours.shade(float("nan"), [1.0]) == -1
    assert contours.levels(np.full((2, 2), np.inf)) == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_pictures_hold_every_mark_and_say_what_is_missing(surface, language):
    profile = gradient_profile(surface)
    figure = pictures.figure(profile, language, rate=0.01, limit=2 * profile.bottom)
    for key in ("here", "bottom", "rate", "limit", "parabola"):
        assert pictures.words(key, language) in figure.svg
    assert figure.notes == []
    broken = type(profile)(**{**vars(profile), "losses": np.where(profile.at > 0, np.nan, profile.losses)})
    assert pictures.figure(broken, language).notes != []
    thetas = [surface.theta + k for k in (3.0, 1.0, 0.5, 0.0)]
    path = path_plane(surface, [*thetas[:-1], thetas[2] * 0.9, thetas[-1]], [0, 2, 4, 6, 8], points=7)
    drawn = pictures.figure(path, language)
    assert drawn.svg.count('class="mark under"') == 5
    assert len(drawn.table.rows) == 5
    assert f"{100 * sum(path.explained):.1f}" in drawn.notes[0]
