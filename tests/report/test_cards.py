"""What a notebook and a terminal show: no script, the same numbers everywhere, ids that do not clash."""

from __future__ import annotations

import io
import re

import pytest

import backlit
from backlit import messages
from report.test_report_page import Page


@pytest.fixture(scope="module")
def run():
    return backlit.train("iris", epochs=30, progress="none")


def shown(run) -> dict[str, object]:
    return {"network": run.network, "run": run, "history": run.history}


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("kind", ["network", "run", "history"])
def test_a_card_is_html_without_scripts(kind, language, run):
    messages.use(language)
    html = shown(run)[kind]._repr_html_()
    page = Page(html)
    assert "script" not in page.tags
    assert not [key for _, key, _ in page.attributes if key.startswith("on") or key in ("href", "src")]
    assert "url(" not in html
    assert "@import" not in html
    assert "svg" in page.tags
    assert any("ぁ" <= c <= "ん" for c in "".join(page.text)) == (language == "ja")
    assert html == shown(run)[kind]._repr_html_()


def test_ids_of_two_cards_do_not_clash(run):
    other = backlit.train("wine", epochs=10, progress="none")
    html = "".join(thing._repr_html_() for r in (run, other) for thing in shown(r).values())
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 10
    wanted = {w for names in re.findall(r'aria-labelledby="([^"]+)"', html) for w in names.split()}
    assert wanted <= set(ids)


def test_text_and_terminal_show_the_same_numbers(run):
    from rich.console import Console

    for thing in shown(run).values():
        bundle = thing._repr_mimebundle_()
        stream = io.StringIO()
        Console(file=stream, width=200).print(thing)
        numbers = re.findall(r"\d+\.\d{3,}", bundle["text/plain"])
        assert numbers or thing is run.network
        assert all(n in stream.getvalue() for n in numbers)
        assert set(thing._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
        assert set(thing._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}
    assert f"{run.result['test']['accuracy']:.6g}" in run._repr_mimebundle_()["text/plain"]
    size = f"{run.network.size:,}"
    assert size in run.network._repr_mimebundle_()["text/plain"]
    assert size in run.network._repr_html_()


def test_a_history_is_a_list_and_shows_its_last_epoch(run):
    assert isinstance(run.history, list)
    assert run.history == list(run.history)
    last = run.history._repr_mimebundle_()["text/plain"].splitlines()[-1]
    assert last.split()[0] == "30"
    assert len(run.history._repr_mimebundle_()["text/plain"].splitlines()) < 25


def test_a_network_that_has_seen_no_data_shows_its_layers():
    net = backlit.Network([backlit.Dense(3, "relu"), backlit.Dense(1)])
    for text in (net._repr_html_(), net._repr_mimebundle_()["text/plain"]):
        assert text.count("Dense") >= 2
        assert "relu" in text


def test_names_are_escaped(tmp_path):
    net = backlit.Network([backlit.Dense(3, name="<script>alert(1)</script>")])
    net.prepare(2)
    assert "script" not in Page(net._repr_html_()).tags


def test_an_empty_history_says_so():
    from backlit.training.objects.showing import History

    assert "<svg" not in History()._repr_html_()
    assert History()._repr_mimebundle_()["text/plain"] == "0 epochs"
