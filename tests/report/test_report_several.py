"""The report of several trainings: mean and spread, links to the members, the same bytes, nothing that breaks it."""

from __future__ import annotations

import copy
import itertools
import re

import numpy as np
import pytest

import backlit
from backlit import messages
from backlit.report import render_group
from backlit.report.numbers import count, measured, percent
from backlit.training.objects.ensemble import read_group
from backlit.training.objects.run import read_run
from backlit.training.whole.group import Group
from report.test_report_labels import words_of
from report.test_report_page import Page

QUICK = {"epochs": 15, "progress": "none"}


@pytest.fixture(scope="module")
def folds(tmp_path_factory) -> Group:
    return backlit.cross_validate("iris", folds=3, out=tmp_path_factory.mktemp("runs"), **QUICK)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> Group:
    return backlit.repeat("diabetes", seeds=3, out=tmp_path_factory.mktemp("runs"), **QUICK)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_page_lies_in_the_groups_folder_and_leads_to_its_members(folds):
    page = (folds.folder / "report.html").read_text(encoding="utf-8")
    parsed = Page(page)
    assert "script" not in parsed.tags
    links = [value for _, key, value in parsed.attributes if key == "href" and value[0] not in "#d"]
    assert links == [f"fold-{k}/report.html" for k in (1, 2, 3)]
    assert all((folds.folder / link).is_file() for link in links)
    assert len(page.encode()) < 100_000


def test_mean_spread_and_every_member_are_told(folds):
    text = words_of((folds.folder / "report.html").read_text(encoding="utf-8"))
    own = [facts["result"]["test"]["accuracy"] for facts in folds.members.values()]
    mean, std = plain(percent(float(np.mean(own)))), plain(percent(float(np.std(own, ddof=1))))
    assert f"accuracy {mean} ± {std}" in text
    for name, value in zip(folds.members, own, strict=True):
        assert re.search(rf"{name} [\d,]+ [\d.]+ m?s {re.escape(plain(percent(value)))}", text)
    better = sum(f["result"]["test"]["accuracy"] > f["baselines"]["linear"]["accuracy"] for f in folds.members.values())
    assert f"better than the linear model in {better} of 3 folds" in text


def test_the_confusion_matrix_of_the_folds_holds_every_row_once(folds):
    page = (folds.folder / "report.html").read_text(encoding="utf-8")
    total = sum(np.array(facts["confusion"]["counts"]) for facts in folds.members.values())
    assert total.sum() == 150
    text = words_of(page)
    for name, row in zip(folds.members["fold-1"]["confusion"]["classes"], total, strict=True):
        assert f"{name} {' '.join(map(str, row))} " in text


def test_errors_of_all_folds_are_drawn_together(tmp_path):
    group = backlit.cross_validate("diabetes", folds=2, out=tmp_path, **QUICK)
    page = (group.folder / "report.html").read_text(encoding="utf-8")
    assert '<section id="errors"' in page
    errors = [o - t for f in group.members.values() for t, o in zip(*(f["residuals"][k] for k in "to"), strict=True)]
    assert len(errors) == 442
    assert plain(f"is {measured(float(np.mean(errors)))};") in words_of(page)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_seeds_tell_of_the_ensemble_and_of_no_single_seed(language, seeds):
    page = seeds.report(seeds.folder / "again.html", language)
    text = words_of(page.read_text(encoding="utf-8"))
    said = messages.catalogue(language)["report"]
    assert plain(messages.fill(said["several_ensemble"], {"value": measured(seeds.result["ensemble"]["r2"])})) in text
    assert said["members_intro_seeds"] in text
    rows = count(next(iter(seeds.members.values()))["data"]["split"]["test"])
    assert rows in text.partition(said["members_title"])[0]
    settings = text[text.index(said["settings_title"], text.index(said["members_caption"])) :]
    assert f" {said['setting_seed']} " not in settings.partition(said["data_title"])[0]


def test_the_same_group_gives_the_same_bytes_from_memory_and_from_disk(folds):
    written = (folds.folder / "report.html").read_bytes()
    again = {name: read_run(folds.folder / name)[0] for name in folds.members}
    assert render_group(read_group(folds.folder), again).encode() == written


def test_without_reports_there_are_no_links_and_no_page(tmp_path):
    group = backlit.repeat("iris", seeds=2, out=tmp_path, report=False, **QUICK)
    assert not (group.folder / "report.html").exists()
    text = backlit.repeat("iris", seeds=2, **QUICK).report()
    assert isinstance(text, str)
    assert "report.html" not in text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_any_part_may_be_missing_or_odd(language, folds, seeds):
    for group in (folds, seeds):
        facts, runs = {**group.describe()}, dict(group.members)
        keys = ("result", "data", "baselines", "confusion", "residuals", "architecture", "settings")
        for key, odd in itertools.product(keys, (None, [], {}, "x", 3.5, [None, {"a": float("nan")}])):
            broken = copy.deepcopy(runs)
            next(iter(broken.values()))[key] = odd
            Page(render_group(facts, broken, language))
        for odd in (None, {}, {"network": {"accuracy": 3}}, {"network": {"accuracy": {"mean": float("nan")}}}):
            Page(render_group({**facts, "result": odd}, runs, language))
        Page(render_group(facts, {}, language))
        Page(render_group({}, {"<b>": {}}, language))


def test_fifty_members_are_listed_and_forty_drawn(folds):
    one = next(iter(folds.members.values()))
    page = render_group(folds.describe(), {f"fold-{k}": one for k in range(1, 51)})
    Page(page)
    assert "The first 40 of 50 trainings are drawn." in words_of(page)
    assert page.count('/report.html">fold-') == 50
