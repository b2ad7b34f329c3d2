"""The pages made from the code say everything; the example of a family works."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mleq import api, registry

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("family", list(registry.recipe_models))
def test_every_setting_has_a_meaning(generate, family):
    schema = registry.recipe_models[family].model_json_schema()
    silent = [
        f"{path}.{name}"
        for path, part in generate.parts(schema)
        for name, setting in part.get("properties", {}).items()
        if not generate.meaning(name, setting, schema)
    ]
    assert silent == []


@pytest.mark.parametrize("family", list(registry.recipe_models))
def test_every_part_of_a_recipe_is_on_the_page(generate, family):
    schema = registry.recipe_models[family].model_json_schema()
    told = [part.get("title") for _, part in generate.parts(schema)]
    assert sorted(told) == sorted([schema["title"], *(part["title"] for part in schema["$defs"].values())])


def test_a_row_says_values_default_and_unit(generate):
    page = generate.settings_page()
    row = next(line for line in page.splitlines() if line.startswith("| `radius_km`"))
    assert "above 0 to 20,015" in row
    assert "| km |" in row
    assert "*required*" in row
    assert "| `horizon_days` | whole number, from 1 to 366 | `1` | days |" in page


def test_the_page_of_settings_is_not_stale(generate):
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == generate.settings_page(), "run `make schema`"


PAGES = [page for page in DOCS.rglob("*.md") if page.parent.name != "generated"]
PAGES += [DOCS.parent / name for name in ("README.md", "CONTRIBUTING.md", "CHANGES.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS.parent).as_posix())
def test_links_lead_to_what_a_fresh_clone_has(page):
    links = re.findall(r"\]\(([^()\s]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        place = link.partition("#")[0]
        if not place or ":" in place:
            continue
        found = (page.parent / place).resolve()
        assert found.exists(), link
        assert not {"generated", "build", "out", "data"} & set(found.relative_to(DOCS.parent).parts[:2]), link


class TestTheExampleOfAFamily:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(DOCS / "examples")
        monkeypatch.setitem(registry._FAMILIES, "counted", ("counted", "CountedRecipe"))
        dates = pd.date_range("2001-01-01", "2010-12-31")
        rng = np.random.default_rng(1)
        rate, counts = 0.1, []
        for _ in dates:  # a process that excites itself: what happened lately tells of tomorrow
            counts.append(int(rng.poisson(rate)))
            rate = 0.03 + 0.7 * (rate - 0.03) + 0.25 * counts[-1]
        pd.DataFrame({"date": dates, "count": counts}).to_csv(tmp_path / "counts.csv", index=False)
        (tmp_path / "recipe.json").write_text((DOCS / "examples" / "counted" / "recipe.json").read_text())
        yield tmp_path
        for name in [name for name in sys.modules if name.partition(".")[0] == "counted"]:
            del sys.modules[name]

    def test_it_trains_is_scored_forecasts_and_has_a_page(self, folder):
        recipe = api.load_recipe("counted", folder / "recipe.json")
        run = api.train(recipe, out_dir=folder / "out")
        assert run.summary["verdict"].startswith("Better than")
        assert set(run.summary["gain"]) == {"climatology", "trailing_30"}
        page = (folder / "out" / "counted" / "report.html").read_text(encoding="utf-8")
        for panel in ("verdict", "time", "gains", "reliability", "roc"):
            assert f'id="{panel}"' in page
        (entry,) = api.predict("counted", out_dir=folder / "out")
        assert entry["target_date"] == "2011-01-01"
        assert 0 < entry["probability"] < 1
        ledger = (folder / "out" / "ledger.jsonl").read_text()
        assert json.loads(ledger)["entry"]["recipe_id"] == "counted"

    def test_a_row_of_inputs_does_not_see_its_own_day(self, folder):
        recipe = api.load_recipe("counted", folder / "recipe.json")
        family = registry.family("counted")
        counts = family.load(recipe)
        changed = counts.copy()
        changed.iloc[-1] += 50
        ours, theirs = (family.inputs_of(recipe, one).iloc[:-1] for one in (counts, changed))
        pd.testing.assert_frame_equal(ours, theirs)
