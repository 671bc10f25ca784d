"""A learner's ledger: right numbers pass to the last digit given; each slip is found where it was made, and named."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Network, messages
from backlit.errors import BacklitError
from backlit.lens.trace import blank, checking
from lens.test_worked_trace import mazur


def trace(**given):
    told = {"half": True, "reduction": "sum", "learning_rate": 0.5, **given}
    return mazur().trace([0.05, 0.10], [0.01, 0.99], **told)


def batch(**given):
    net = Network([Dense(3, "relu"), Dense(2)])
    net.prepare(2, seed=3)
    net["dense1.weight"] = [[0.5, -0.25], [0.75, 0.5], [1.0, -1.0]]  # unit 2 has u = 0 in row 0
    net["dense1.bias"] = [0.25, 0.1, 0.0]
    x, t = [[1.0, 1.0], [0.5, -2.0]], [[1.0, 0.0], [0.25, 2.0]]
    return net.trace(np.array(x), np.array(t), **{"loss": "squared_error", **given})


def filled(of, digits=6, **changed):
    """A ledger filled in right, but for what is changed: {"stage layer line symbol": number}."""
    given, _ = checking.read(blank.sheet_csv(of), "here")
    for block in of.ledger().blocks:
        for line in block.lines:
            for cell in line.cells:
                key = (str(block.stage), block.layer, line.label, cell.symbol)
                value = changed.get(" ".join(key), cell.value)
                given[key] = checking.Given(f"{value:.{digits}g}", 1)
    return given


def cell(of, key):
    stage, layer, label, symbol = key.split(" ")
    (block,) = of.ledger().stage(int(stage), layer)
    return next(line for line in block.lines if line.label == label)[symbol]


@pytest.mark.parametrize("digits", [3, 4, 6, 9])
@pytest.mark.parametrize("of", [trace, batch])
def test_right_numbers_are_right_to_the_last_digit_given(of, digits):
    made = of()
    marks = checking.check(made, filled(made, digits))
    assert marks.wrong == ()
    assert marks.given > 20


def test_nothing_filled_in_is_nothing_wrong():
    made = trace()
    given, _ = checking.read(blank.sheet_csv(made), "here")
    marks = checking.check(made, given)
    assert (marks.given, marks.wrong) == (0, ())
    assert marks.blank > 30
    assert checking.told(made, marks)[1].startswith("Nothing is filled in")


def wrong(of, key, number, digits=6):
    first = checking.check(of, filled(of, digits, **{key: number})).first
    assert first is not None
    assert (str(first.block.stage), first.block.layer, first.line.label, first.cell.symbol) == tuple(key.split(" "))
    return first.slips


SLIPS = {
    "bias": ("1 dense1 0 u", lambda of: 0.15 * 0.05 + 0.20 * 0.10),
    "function": ("2 dense2 1 o", lambda of: of["dense2.u"][0, 1]),
    "slope_for_o": ("2 dense1 0 o", lambda of: of["dense1.f′"][0, 0]),
    "u_for_o": ("1 dense2 0 u", lambda of: 0.40 * 0.3775 + 0.45 * 0.3925 + 0.60),
    "transposed": ("1 dense1 0 u", lambda of: 0.15 * 0.05 + 0.25 * 0.10 + 0.35),
    "slope_at_o": ("2 dense1 0 f′", lambda of: 1 / (2 + np.exp(0.5932699921) + np.exp(-0.5932699921))),
    "half_missing": ("3 dense2 0 e", lambda of: 2 * cell(of, "3 dense2 0 e").value),
    "mean_for_sum": ("3 dense2 E E", lambda of: of.E / 2),
    "sign": ("3 dense2 0 δᵒ", lambda of: 0.01 - of["dense2.o"][0, 0]),
    "slope": ("4 dense2 0 δᵘ", lambda of: of["dense2.δᵒ"][0, 0]),
    "o_for_slope": ("4 dense2 0 δᵘ", lambda of: of["dense2.δᵒ"][0, 0] * of["dense2.o"][0, 0]),
    "new_weights": ("4 dense1 0 δᵒ", lambda of: of["dense2.δᵘ"][0] @ of.after["dense2.weight"][:, 0]),
    "slope_before": ("4 dense1 1 δᵒ", lambda of: of["dense2.δᵒ"][0] @ of["dense2.weight"][:, 1]),
    "input": ("5 dense1 weight[1,0] ∂E/∂w", lambda of: of["dense1.δᵘ"][0, 1]),
    "not_updated": ("5 dense2 weight[0,0] w′", lambda of: 0.40),
    "uphill": ("5 dense2 weight[0,0] w′", lambda of: 0.8 - of.after["dense2.weight"][0, 0]),
    "rate": ("5 dense2 weight[0,1] w′", lambda of: 0.45 - of["∂E/∂dense2.weight"][0, 1]),
    "step_alone": ("5 dense2 weight[1,1] w′", lambda of: of.after["dense2.weight"][1, 1] - 0.55),
}


@pytest.mark.parametrize("name", SLIPS)
def test_each_slip_is_named_at_the_number_where_it_was_made(name):
    of = trace()
    key, number = SLIPS[name]
    assert name in wrong(of, key, float(number(of)))


@pytest.mark.parametrize("name", SLIPS)
def test_four_digits_are_enough_to_name_it(name):
    of = trace()
    key, number = SLIPS[name]
    assert name in wrong(of, key, float(number(of)), digits=4)


def test_the_other_convention_at_a_kink():
    of = batch()
    assert of["dense1.u"][0, 2] == 0
    assert "kink" in wrong(of, "2 dense1 2 f′", 1.0)
    assert "kink" in wrong(of, "4 dense1 2 δᵘ", float(of["dense1.δᵒ"][0, 2]))


def test_a_half_too_many_and_sums_for_means_in_a_batch():
    of = batch(reduction="mean")
    assert wrong(of, "3 dense2 E E", of.E * 4)[0] == "sum_for_mean"
    assert "half_added" in wrong(of, "3 dense2 0 δᵒ", float(of["dense2.δᵒ"][0, 0]) / 2)
    assert "one_row" in wrong(of, "5 dense2 bias[0] ∂E/∂w", float(of["dense2.δᵘ"][0, 0]))


def test_a_mistake_carried_on_is_one_mistake():
    of = trace()
    u = 0.15 * 0.05 + 0.20 * 0.10
    o = 1 / (1 + np.exp(-u))
    keys = {"1 dense1 0 u": u, "2 dense1 0 u": u, "2 dense1 0 o": o, "2 dense1 0 f′": o * (1 - o)}
    marks = checking.check(of, filled(of, **keys))
    assert marks.first.slips == ("bias",)
    assert [w.follows for w in marks.wrong[:4]] == [False, True, True, True]


def test_numbers_worked_out_from_rounded_ones_are_right():
    """With three digits on the way, a product is off by more than one in the last of its six digits."""
    of = trace()
    d, o = round(float(of["dense2.δᵘ"][0, 0]), 4), round(float(of["dense1.o"][0, 0]), 3)
    given = filled(of)
    for stage in ("3", "4"):
        for key in list(given):
            if key[0] == stage and key[3] == "δᵘ" and key[1:3] == ("dense2", "0"):
                given[key] = checking.Given(f"{d}", 1)
    given["2", "dense1", "0", "o"] = checking.Given(f"{o}", 1)
    given["5", "dense2", "weight[0,0]", "∂E/∂w"] = checking.Given(f"{d * o:.6g}", 1)
    assert checking.check(of, given).wrong == ()


def test_a_number_without_a_known_slip_has_no_reason_but_its_rule():
    of = trace()
    marks = checking.check(of, filled(of, **{"1 dense1 1 u": 7.25}))
    lines = "\n".join(checking.told(of, marks))
    assert marks.first.slips == ()
    assert "no slip that is known" in lines
    assert "0.25·0.05 + 0.3·0.1 + 0.35" in lines
    assert "0.3925" not in lines
    assert "0.3925" in "\n".join(checking.told(of, marks, show=True))


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_slip_has_its_sentence(language):
    sentences = messages.catalogue(language)["slips"]
    assert set(SLIPS) <= set(sentences)


def test_only_what_the_exercise_left_out_is_compared():
    of = trace()
    text = blank.sheet_csv(of, [4])
    given, _ = checking.read(text, "here")
    assert given["1", "dense1", "0", "u"].text == "0.3775"
    assert given["4", "dense2", "0", "δᵘ"].text == ""
    assert checking.check(of, given, stages=[4]).given == 0


def test_other_ways_to_write_a_table_are_read():
    of = trace()
    plain = blank.sheet_csv(of).replace("1,dense1,0,u,", "1,dense1,0,u,−0.37750")
    semicolons = plain.replace(",", ";").replace("[0;", "[0,").replace("[1;", "[1,")
    for text in (plain, semicolons):
        given, _ = checking.read(text, "here")
        marks = checking.check(of, given)
        assert marks.first.slips == ("sign",)
    other = checking.read("stage,layer,line,symbol,value\n4,dense2,0,du,0.1385\n2,dense1,0,f',0.2413\n", "here")[0]
    assert checking.check(of, other).right == 2


def test_what_cannot_be_read_is_told():
    of = trace()
    for text in ("", "a,b\n1,2\n", "stage,layer,line,symbol,value\nfact,,,model,{\n"):
        with pytest.raises(BacklitError, match="no ledger") as error:
            checking.read(text, "here.csv")
        assert error.value.code == "BL375"
    given = {("1", "dense1", "0", "u"): checking.Given("1/2", 7)}
    with pytest.raises(BacklitError, match="no number") as error:
        checking.check(of, given, "here.csv")
    assert error.value.code == "BL377"
    with pytest.raises(BacklitError) as error:
        of.blank([0])
    assert error.value.code == "BL378"
