"""What all tests share: English sentences, one random generator, repeatable examples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from backlit import messages

# For this process, its doctests and the processes it starts. BACKLIT_CACHE, the folder of compiled kernels,
# stays as the user has it, so that it is warm.
os.environ["BACKLIT_LANG"] = "en"

# HYPOTHESIS_PROFILE=search looks for new examples; by default a run does the same as the run before.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


# Rooms and files whose tests are many or long: `make quick` leaves them out, as it does those marked one by one.
LONG = (
    "bench/", "cli/test_fuzz.py", "machine/test_unit.py", "machine/test_words.py", "ops/test_activations.py",
    "ops/test_every_op_trouble.py", "ops/test_gelu.py",
    "doctor/test_every_origin.py", "doctor/test_origin_in_training.py", "data/test_csv_errors.py",
    "training/test_disk.py",
    "training/test_same_bits.py", "lens/test_descent_golden.py", "cli/test_resume_and_config.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in a long file."""
    top = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(top) and item.path.relative_to(top).as_posix().startswith(LONG):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def rng() -> np.random.Generator:
    """The generator of a test's random numbers."""
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _language_of_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins in English, whatever the one before it chose."""
    monkeypatch.setenv("BACKLIT_LANG", "en")
    messages.use(None)
    yield
    messages.use(None)
