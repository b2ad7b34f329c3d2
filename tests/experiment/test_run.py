"""What holds for a run of any family, with a family made of a few lines."""

from types import SimpleNamespace

import pytest

from mleq.errors import Failure
from mleq.experiment.run import train


def family_of(references, done):
    """A family whose learner writes down that it was asked to learn."""
    return SimpleNamespace(
        learner=lambda recipe: lambda samples, material, work, key: done.append("learnt"),
        make_samples=lambda recipe, material: None,
        describe=lambda recipe, material, samples: {"sha256": "0" * 64},
        references=lambda recipe, material, samples: references,
    )


@pytest.mark.parametrize("references", [{}, None])
def test_a_family_without_a_reference_is_refused_before_anything_is_learnt(references, tmp_path, monkeypatch):
    monkeypatch.setattr("mleq.experiment.run.recipe_hash", lambda recipe: "1" * 64)
    recipe, done = SimpleNamespace(id="lone", family="lonely"), []
    with pytest.raises(Failure, match="'lonely' names no reference"):
        train(recipe, family_of(references, done), lambda: None, out_dir=tmp_path)
    assert not done
    assert not any((tmp_path / "lone" / "runs").glob("[!.]*"))


def test_every_family_of_the_registry_names_its_references():
    from mleq import registry

    families = [registry.family(name) for name in registry.recipe_models]
    assert families
    assert all(callable(family.references) for family in families)
