"""`check --leaks`: each probe in words or as JSON, and exit code 1 where one found something."""

import pytest

from mleq.forecast import leaks


@pytest.fixture
def probes(monkeypatch):
    """Let the probes be quick: four issue times, one reference."""
    whole = leaks.find_leaks

    def quick(found=()):
        def find(recipe, events):
            from mleq.forecast.references import fit_references

            def fit(recipe, events, samples):
                return fit_references(recipe, events, samples, ["trailing_30"])

            results = whole(recipe, events, fit=fit, issue_times=4)
            results[0]["found"] += list(found)
            return results

        monkeypatch.setattr(leaks, "find_leaks", find)

    return quick


def test_a_sound_recipe_is_told_so(probes, small, recipes, mleq):
    probes()
    answer = mleq("check", "--recipe_id", "small", "--recipe", recipes(small), "--leaks")
    assert answer.code == 0
    assert answer.out.count("no leak") == 7
    assert "planted signal" in answer.out


def test_a_leak_is_a_failure_and_what_was_found_is_shown(probes, small, recipes, mleq):
    probes([f"the input of day {i} is another" for i in range(9)])
    words = ("check", "--recipe_id", "small", "--recipe", recipes(small), "--leaks")
    answer = mleq(*words)
    assert answer.code == 1
    assert "1 of 7 probes found a leak: inputs" in answer.err
    assert "the input of day 0 is another" in answer.out
    assert "and 4 more" in answer.out
    answer = mleq(*words, "--json")
    assert answer.code == 1
    assert len(answer.json["leaks"][0]["found"]) == 9


def test_leaks_are_sought_in_one_recipe(mleq):
    answer = mleq("check", "--leaks")
    assert answer.code == 2
    assert "--recipe_id" in answer.err
