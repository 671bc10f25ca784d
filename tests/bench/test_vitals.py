"""What the vital signs cost: measured in turns, told with a target."""

from __future__ import annotations

from backlit.bench import vitals


def test_the_section_measures_three_ways_and_has_a_target():
    made = vitals.section(lambda text: None, repeats=2, shorter=1000)
    names = {"-".join(map(str, sizes)) for sizes, _, _ in vitals.NETWORKS}
    assert set(made.figures) == names
    for figures in made.figures.values():
        assert set(figures["seconds"]) == {"without", "with", "every"}
        assert figures["every"] > 0
    assert [goal.most for goal in made.goals] == [1.05, 2.0] * len(names)
    assert all(name in "\n".join(made.lines) for name in names)


def test_a_training_without_vital_signs_has_none():
    fitting = vitals.fitting_of((30, 32, 16, 2), 32, 100)
    assert fitting.vitals is not None
    assert vitals.seconds_of((30, 32, 16, 2), 32, 100, "without") > 0
