"""The page of a run with a pool: gains, reliability and a map of all circles."""

import json

import numpy as np
import pytest
from run_by_hand import pool_answers, write_pool_run, write_run
from test_report_page import Page

from mleq.forecast.pool import scoring
from mleq.report.page import draw


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool") / "out" / "pooled"
    run = write_pool_run(folder / "runs" / "20260101T000000Z-0123abcd", recipe_id="pooled")
    page = draw(run, folder / "report.html")
    return run, json.loads((run / "summary.json").read_text())["pool"], page.read_text(encoding="utf-8")


def test_the_page_has_the_panels_of_the_pool_and_no_heatmaps(drawn):
    page = Page(drawn[2])
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    links = [link[1:] for link in page.links if link.startswith("#")]
    assert links[1:5] == ["target", "pool", "pool_map", "pool_reliability"]
    assert "player" not in links  # the model of a pool does not look at heatmaps
    assert "gains" in links


def test_the_numbers_are_those_of_the_summary(drawn):
    _, pool, text = drawn
    said = Page(text).text
    total, ten = pool["calibration"]["all"]["total"], pool["stated_ten_percent"]
    assert f"{total['observed']:,} circle-days had an event where {total['expected']:,.0f} were expected" in said
    assert f"of {ten['circle_days']:,} circle-days" in said
    gain = pool["gain"]["etas"]["nats_per_event_day"]
    assert f"ETAS: {gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]".replace("-", "−") in text
    apart = pool["gain_disjoint"]["etas"]["nats_per_event_day"]["value"]
    assert f"+{apart:.4f}" in said
    assert f"{pool['auc']['probability']['within_circles']:.3f}" in said
    for row in pool["calibration"]["after_large_events"]["classes"]:
        assert f"{row['expected']:,.1f}" in said


def test_the_map_has_a_mark_for_each_circle(drawn):
    table, text = scoring.by_circle(pool_answers()), drawn[2]
    panel = text[text.index('id="pool_map"') : text.index('id="pool_reliability"')]
    assert panel.count("<circle ") == len(table) == 60
    assert panel.count("fill:var(--model)") == (table["gain_over_etas"] > 0).sum()
    busiest = table.nlargest(1, "event_days").iloc[0]
    assert f"{busiest['event_days']:.0f} days with an event, {busiest['expected']:.1f} expected" in panel


def test_circles_add_up_to_the_pool():
    answers = pool_answers()
    table, pool = scoring.by_circle(answers), scoring.evaluate_pool(answers, horizon_days=1, seed=1)
    assert table["event_days"].sum() == pool["event_days"]
    assert table["apart"].sum() == pool["disjoint_circles"]
    total = pool["gain"]["etas"]["nats_per_event_day"]["value"] * pool["event_days"]
    assert table["gain_over_etas"].sum() == pytest.approx(total)
    assert table["expected"].sum() == pytest.approx(answers.probability.sum())


def test_a_pool_without_a_table_of_circles_or_with_nothing_after_large_events_is_drawn(tmp_path):
    answers = pool_answers()
    answers.background[:] = 1.0  # ETAS is never ten times above it
    run = write_run(tmp_path / "runs" / "x", pool=scoring.evaluate_pool(answers, horizon_days=1, seed=1))
    text = draw(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="pool_map"' not in text
    assert "Reliability, all days" in text
    assert "Reliability, after large events" not in text
    assert not np.isnan(
        [
            row["ratio"]
            for row in scoring.evaluate_pool(answers, horizon_days=1, seed=1)["calibration"]["all"]["classes"]
        ]
    ).any()
