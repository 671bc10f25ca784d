"""The sets that have a name: measured ones against published figures, drawn ones against their formulas."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backlit import messages
from backlit.data import bundled, load, sources
from backlit.data.drawn import DRAWN
from backlit.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]

# rows, features, rows per class (none: regression), mean of all numbers of x, smallest and largest
PUBLISHED = {
    "iris": (150, 4, [50, 50, 50], 3.4645, 0.1, 7.9),
    "wine": (178, 13, [59, 71, 48], 69.1337, 0.13, 1680),
    "digits": (1797, 64, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], 4.8842, 0, 16),
    "breast_cancer": (569, 30, [212, 357], 61.8907, 0, 4254),
    "diabetes": (442, 10, [], None, 1, 301),
}


def test_every_bundled_set_is_described_above():
    assert set(PUBLISHED) == set(bundled.names())
    assert set(sources()) == set(PUBLISHED) | set(DRAWN)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_bundled_set_has_its_published_figures(name):
    table = load(name)
    rows, features, per_class, mean, low, high = PUBLISHED[name]
    assert table.x.shape == (rows, features) == (table.rows, len(table.features))
    assert (table.x.min(), table.x.max()) == (low, high)
    if per_class:
        assert table.task == "classification"
        assert np.bincount(table.t).tolist() == per_class
        assert len(table.classes) == len(per_class)
        assert table.x.mean() == pytest.approx(mean, abs=5e-5)
    else:
        assert table.task == "regression"


def test_diabetes_is_raw():
    table = load("diabetes")
    assert table.features == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    assert table.x[0].tolist() == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]
    assert (table.t.min(), table.t.max(), len(np.unique(table.t))) == (25, 346, 214)
    assert table.t.mean() == pytest.approx(152.1335, abs=1e-4)


@pytest.mark.oracle
def test_the_files_are_what_the_tool_makes_from_scikit_learn():
    pytest.importorskip("sklearn")
    path = REPOSITORY / "tools" / "make_data_sets.py"
    spec = importlib.util.spec_from_file_location("make_data_sets", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert set(tool.LOADERS) == set(PUBLISHED)
    for name, loader in tool.LOADERS.items():
        bunch, table = loader(), load(name)
        np.testing.assert_array_equal(table.x, bunch.data)
        np.testing.assert_array_equal(table.t.ravel(), bunch.target)
        assert table.features == tuple(bunch.feature_names)


def test_every_set_says_where_it_comes_from_in_both_languages():
    for name in sources():
        said = set()
        for language in messages.LANGUAGES:
            messages.use(language)
            said.add(load(name).source)
        assert len(said) == 2, name
        assert all(len(sentence) > 15 and "{" not in sentence for sentence in said), name


def test_the_sources_are_listed_on_their_page():
    page = (REPOSITORY / "src/backlit/data/sets/SOURCES.md").read_text(encoding="utf-8")
    assert all(f"`{name}.npz`" in page for name in bundled.names())


def test_data_need_no_scientific_library_but_numpy():
    code = (
        "import sys, backlit.data as d\n"
        "for name in d.sources(): d.load(name)\n"
        "print([m for m in ('sklearn', 'scipy', 'pandas', 'numba', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY / "src")
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


# ------------------------------------------------------------------------------------------- drawn


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_seed_draws_the_same_points(name):
    options = {"n": 40, "noise": 0.3}
    table = load(name, **options)
    assert table.sha256 == load(name, **options, seed=0).sha256
    assert table.sha256 != load(name, **options, seed=1).sha256
    np.testing.assert_array_equal(table.t, load(name, **options, seed=1).t)


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("n", [4, 5, 17, 300])
def test_every_class_has_its_share(name, n):
    table = load(name, n=n)
    counts = np.bincount(table.t, minlength=len(table.classes))
    assert table.x.shape == (n, 2)
    assert counts.max() - counts.min() <= (2 if name == "xor" else 1)


@pytest.mark.parametrize("name", DRAWN)
def test_noise_moves_the_same_points_in_proportion(name):
    still, little, much = (load(name, n=50, noise=noise).x for noise in (0, 0.1, 0.2))
    np.testing.assert_allclose(much - still, 2 * (little - still), atol=1e-14)
    assert 0.05 < (little - still).std() < 0.15


def test_xor_is_the_four_corners():
    table = load("xor")
    assert table.rows == 4
    assert table.t.tolist() == [int(a != b) for a, b in table.x]
    cloud = load("xor", n=203, noise=0.1)
    rounded = np.rint(cloud.x).astype(int)
    assert cloud.t.tolist() == (rounded[:, 0] ^ rounded[:, 1]).tolist()


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_the_arms_of_a_spiral_are_turned_copies_of_each_other(arms):
    table = load("spirals", n=60 * arms, arms=arms, noise=0)
    points = table.x @ [1, 1j]
    radius = np.abs(points)
    assert (radius.min(), radius.max()) == pytest.approx((0.05, 1.0))
    for arm in range(arms):
        turned = points[table.t == 0] * np.exp(2j * np.pi * arm / arms)
        np.testing.assert_allclose(points[table.t == arm], turned, atol=1e-14)


def test_moons_lie_on_two_half_circles_and_circles_on_two_circles():
    moons = load("moons", noise=0)
    centre = np.array([[0, 0], [1, 0.5]])[moons.t]
    np.testing.assert_allclose(np.hypot(*(moons.x - centre).T), 1)
    circles = load("circles", noise=0, factor=0.3)
    np.testing.assert_allclose(np.hypot(*circles.x.T), np.array([1, 0.3])[circles.t])
    assert len(np.unique(circles.x.round(9), axis=0)) == circles.rows


def test_blobs_have_their_centres_and_deviation():
    table = load("blobs", n=3000, noise=0.5, classes=3)
    for c, angle in enumerate([0, 2 * np.pi / 3, 4 * np.pi / 3]):
        cloud = table.x[table.t == c]
        np.testing.assert_allclose(cloud.mean(axis=0), 4 * np.array([np.cos(angle), np.sin(angle)]), atol=0.06)
        np.testing.assert_allclose(cloud.std(axis=0), 0.5, atol=0.04)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xor", {"n": 3}),
        ("moons", {"n": -5}),
        ("moons", {"n": 2.5}),
        ("moons", {"n": True}),
        ("moons", {"n": "100"}),
        ("moons", {"noise": -0.1}),
        ("moons", {"noise": float("nan")}),
        ("moons", {"noise": float("inf")}),
        ("moons", {"noise": "much"}),
        ("moons", {"seed": -1}),
        ("moons", {"seed": None}),
        ("moons", {"seed": True}),
        ("spirals", {"arms": 1}),
        ("spirals", {"n": 2, "arms": 3}),
        ("circles", {"factor": 1.5}),
        ("blobs", {"classes": 1}),
    ],
)
def test_values_that_make_no_set_are_refused(name, options):
    with pytest.raises(DataError) as caught:
        load(name, **options)
    assert caught.value.code == "BL215"
