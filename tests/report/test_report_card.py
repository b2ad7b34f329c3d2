import json
import re

import pytest
from run_by_hand import make_summary, write_run

from mleq.report import card, skill
from mleq.report.record import RunRecord


def test_the_card_says_purpose_data_worth_and_limits(run_folder):
    text = card.write(run_folder).read_text(encoding="utf-8")
    for words in (
        "# Model card: Somewhere",
        make_summary()["verdict"].split(":")[0],
        "no warning system",
        "[Japan Meteorological Agency](https://www.jma.go.jp/)",
        "0.410 [0.328, 0.492]",
        "+0.041 [+0.026, +0.056]",
        "below the magnitude from which this catalogue is complete",
        "test part: 2007-01-21 to 2008-02-24, 400 days",
    ):
        assert words in text
    table = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert len(set(table)) == 1
    assert "None" not in text


@pytest.mark.parametrize(("slope", "nothing_else"), [(0.0, True), (0.7, False)])
@pytest.mark.parametrize("gained", [None, 0.01])
def test_what_a_level_knows_is_not_taken_for_the_networks_skill(run_folder, slope, nothing_else, gained):
    level = {"days": 365, "gained": gained}
    kept = {"threshold": 0.061, "platt": {"intercept": -1.0, "slope": slope}, "level": level}
    (run_folder / "calibration.json").write_text(json.dumps(kept))
    on_page = str(skill.verdict(RunRecord.read(run_folder)))
    for text in (card.write(run_folder).read_text(encoding="utf-8"), on_page):
        assert "held at the level of the last 365 days" in text
        assert ("Nothing else tells their days apart" in text) == nothing_else
        assert ("as out-of-fold days chose" in text) == (gained is not None)


def test_markup_in_a_recipe_stays_text(tmp_path):
    attack = "<script>x</script> [a](javascript:x) `b` | # *c*\n\n# d"
    run = write_run(tmp_path / "runs" / "x", title={"en": attack}, note=attack, verdict=attack)
    text = card.text(RunRecord.read(run))
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\[a", text)
    assert text.count("\n# ") == 0, "the card has one heading of its own, at its very top"
