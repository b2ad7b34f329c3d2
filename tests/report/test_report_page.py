import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from run_by_hand import REASON, make_summary, write_run

from mleq import registry
from mleq.errors import Failure
from mleq.report.page import draw

LOADING = {
    "script": "src", "img": "src", "link": "href", "iframe": "src", "object": "data", "embed": "src", "source": "src",
    "video": "src", "audio": "src", "use": "href", "image": "href",
}  # fmt: skip
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements, loads, text and nesting of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.loads, self.links, self.open, self.words, self.ids = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.elements.append((tag, values))
        if tag in LOADING and values.get(LOADING[tag]):
            self.loads.append(values[LOADING[tag]])
        if tag == "a":
            self.links.append(values["href"])
        if "id" in values:
            self.ids.append(values["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def page_of(run_folder):
    target = run_folder.parents[1] / "report.html"
    assert draw(run_folder, target) == target
    return target


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    run = write_run(tmp_path_factory.mktemp("page") / "out" / "somewhere" / "runs" / "20260101T000000Z-0123abcd")
    return page_of(run).read_text(encoding="utf-8")


def test_the_page_says_what_the_run_says(text):
    said = Page(text).text
    assert make_summary()["verdict"] in said
    assert "magnitude 4.5 or more , no deeper than 100 km, occurs within 150 km of 35.68° N, 139.77° E" in said
    assert "in the 7 days that begin with the target date" in said
    assert "This is a research forecast and no warning system" in said
    assert "below the magnitude from which this catalogue is complete" in said
    again = "out/somewhere/runs/20260101T000000Z-0123abcd/recipe.json --catalog a.csv"
    assert f"mleq train --recipe_id somewhere --recipe {again}" in said
    assert "mleq train --recipe_id somewhere --catalog a.csv" in said
    assert "/home/somebody" not in text, "a page to be shown does not tell of the machine's folders"
    assert said.index("No skill shown") < said.index("Whether at least one"), "the verdict stands at the top"


def test_the_page_is_whole_html_with_panels_that_can_be_linked_to(text):
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)
    for name in (
        "verdict", "target", "map", "time", "methods", "gains", "cumulative", "reliability", "roc", "molchan",
        "confusion", "player", "learning", "catalog", "recipe", "again",
    ):  # fmt: skip
        assert name in anchors


def test_nothing_is_loaded_but_what_lies_beside_and_nothing_in_the_text_can_run(text):
    page = Page(text)
    assert {load for load in page.loads if not load.startswith(("#", "data:"))} == {
        "../assets/mleq.js",
        "../assets/land.svg",
    }
    assert not re.search(r"url\((?!#)|@import", text)
    scripts = [values for tag, values in page.elements if tag == "script"]
    assert {values.get("src") or values["type"] for values in scripts} == {"../assets/mleq.js", "application/json"}
    (policy,) = (values["content"] for tag, values in page.elements if tag == "meta" and "http-equiv" in values)
    assert "default-src 'none'" in policy
    assert "script-src 'self' file:;" in policy
    outside = [link for link in page.links if "://" in link]
    assert outside == ["https://www.jma.go.jp/"]
    rest = text.replace("https://www.jma.go.jp/", "")
    assert "http://" not in rest
    assert "https://" not in rest


def test_what_is_shared_lies_once_beside_the_pages(run_folder):
    page = page_of(run_folder)
    assets = page.parents[1] / "assets"
    assert sorted(path.name for path in assets.iterdir()) == ["land.svg", "mleq.js"]
    before = [path.stat().st_mtime_ns for path in assets.iterdir()]
    page_of(run_folder)
    assert [path.stat().st_mtime_ns for path in assets.iterdir()] == before


def test_every_plot_has_a_text_alternative_and_a_sentence_on_how_to_read_it(text):
    page = Page(text)
    plots = [values for tag, values in page.elements if tag == "svg"]
    # Six plots in two widths, two in one, the map and the player's three.
    assert len(plots) == 2 * 6 + 2 + 1 + 3
    assert text.count("<figcaption>") == 6 + 2 + 1 + 3
    assert all(values["role"] == "img" and len(values["aria-label"]) > 30 for values in plots)


def test_markup_in_data_stays_text(tmp_path):
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)> & </title></style>"
    summary, bold = make_summary(), "<b>x</b>"
    run = write_run(
        tmp_path / "runs" / "x",
        place=attack,
        title={"en": attack, attack: attack},
        note=attack,
        verdict=attack,
        recipe_id=attack,
        run=attack,
        catalog={**summary["catalog"], "source": attack, attack: attack},
        target={**summary["target"], "timezone": attack},
        model={**summary["model"], "name": attack},
        split={**summary["split"], attack: dict(summary["split"]["test"], start=attack)},
        references={**summary["references"], bold: {**summary["references"]["etas"], attack: {"value": 1.0}}},
        gain={**summary["gain"], bold: summary["gain"]["trailing_30"]},
    )
    machine = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(
        json.dumps({**machine, "command": [attack], "devices": [attack], "packages": {attack: attack}})
    )
    table = pd.read_parquet(run / "forecasts.parquet")
    table.rename(columns={"trailing_30": bold}).to_parquet(run / "forecasts.parquet")
    page = Page(draw(run, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert {"img", "b"}.isdisjoint(tag for tag, _ in page.elements)
    scripts = [values for tag, values in page.elements if tag == "script"]
    assert {values.get("src") or values.get("type") for values in scripts} == {"../assets/mleq.js", "application/json"}
    assert page.text.count("alert(1)") > 100, "every event names its place"
    assert not [name for _, values in page.elements for name in values if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text, "it is shown, as text"


def test_what_is_missing_is_a_dash_with_its_reason(text):
    page = Page(text)
    assert f'title="{REASON}"' in text
    notes = re.findall(r'<li id="missing-(\d)">([^<]+)</li>', text)
    assert ("1", REASON) in notes
    assert ("2", "undefined on 9 days of which 0 have an event") in notes
    assert "trailing 30 0.420 [–] 1" in page.text
    assert "None" not in page.text
    assert "nan" not in page.text.lower().split()


def test_intervals_are_shown(text):
    said = Page(text).text
    assert "0.410 [0.328, 0.492]" in said
    assert "+0.041 [+0.026, +0.056]" in said
    assert "−0.009 [−0.022, +0.003]" in said


def test_four_thousand_days_weigh_little(tmp_path):
    page = draw(write_run(tmp_path / "runs" / "x", days=4000), tmp_path / "report.html")
    shared = sum(path.stat().st_size for path in (tmp_path.parent / "assets").iterdir())
    assert page.stat().st_size + shared < 3_000_000


def test_a_flat_forecast_without_an_event_can_be_drawn(tmp_path):
    run = write_run(tmp_path / "runs" / "x", gain={}, references={})
    table = pd.read_parquet(run / "forecasts.parquet")[["part", "target_date", "observed", "probability"]]
    table["observed"], table["probability"] = False, 0.0
    table.to_parquet(run / "forecasts.parquet")
    (run / "history.csv").write_text("epoch,seconds,train_loss,validation_log_loss,best\n")
    said = Page(draw(run, tmp_path / "report.html").read_text()).text
    assert "Learning curve" not in said
    assert "Gain over each reference" not in said
    assert "0 days had an event" in (tmp_path / "report.html").read_text()


def test_another_family_changes_the_panels(run_folder, monkeypatch):
    class Lab:
        @staticmethod
        def panels(common, kit):
            def own(run):
                return kit.paragraph("of ", run.summary["recipe_id"], " < all")

            return {"verdict": common["verdict"], "player": ("Window player", own), "again": common["again"]}

    monkeypatch.setattr(registry, "family", lambda name: Lab)
    page = Page(page_of(run_folder).read_text(encoding="utf-8"))
    assert [link for link in page.links if link.startswith("#")] == ["#verdict", "#player", "#again"]
    assert "of somewhere < all" in page.text


def test_a_family_that_is_unknown_here_has_the_common_panels(tmp_path):
    run = write_run(tmp_path / "runs" / "x", family="another", target={"station": "CX.PB01"})
    text = draw(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "CX.PB01" in text
    assert "https://earthquake.usgs.gov/" in text


@pytest.mark.parametrize("name", ["summary.json", "recipe.json", "run.json", "forecasts.parquet", "history.csv"])
def test_a_damaged_run_is_a_clear_failure_and_the_old_page_stays(run_folder, name):
    page = page_of(run_folder)
    before = page.read_bytes()
    (run_folder / name).write_bytes(b"")
    with pytest.raises(Failure, match=f"{name} (cannot be read|holds no)"):
        draw(run_folder, page)
    assert page.read_bytes() == before
    assert sorted(p.name for p in page.parent.iterdir()) == ["report.html", "runs"]


@pytest.mark.parametrize("name", ["heatmaps.npz", "events.parquet", "magnitudes.csv"])
def test_a_run_whose_plots_are_damaged_says_so_and_one_without_them_is_drawn(run_folder, name):
    (run_folder / "plots" / name).write_bytes(b"")
    with pytest.raises(Failure, match=f"{name} cannot be read"):
        page_of(run_folder)
    (run_folder / "plots" / name).unlink()
    assert page_of(run_folder).is_file()


def test_a_family_whose_answers_are_no_probabilities_has_the_panels_that_its_summary_makes(tmp_path):
    gain = {"seconds": {"value": 0.4, "low": 0.1, "high": 0.7}}
    run = write_run(
        tmp_path / "runs" / "x",
        plots=False,
        family="another",
        target={"horizon_s": 10.0},
        split={part: {"start": "0 s", "end": "9 s", "windows": 120} for part in ("train", "validation", "test")},
        scores={"mean_absolute_error_s": {"value": 2.0, "low": 1.9, "high": 2.1}},
        references={"mean": {"mean_absolute_error_s": {"value": 2.4, "low": 2.2, "high": 2.6}}},
        gain={"mean": gain},
        confusion=None,
    )
    rows = {"part": ["test"] * 3, "window": [0, 1, 2], "observed": [1.0, 2.0, 3.0], "time_to_failure_s": [1.5] * 3}
    pd.DataFrame(rows).to_parquet(run / "forecasts.parquet")
    (run / "history.csv").unlink()
    page = Page(draw(run, tmp_path / "report.html").read_text(encoding="utf-8"))
    anchors = [link for link in page.links if link.startswith("#") and not link.startswith("#missing")]
    assert anchors == ["#verdict", "#target", "#methods", "#gains", "#catalog", "#recipe", "#again"]
    assert "the same test part: 120 windows" in page.text
    assert "mean absolute error s" in page.text
    assert "gain, seconds" in page.text
