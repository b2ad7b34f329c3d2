import json

from mleq.recipe.schema import document_schema
from mleq.registry import recipe_models


def test_the_schema_is_not_stale(request):
    path = request.config.rootpath / "recipes" / "schema.json"
    assert json.loads(path.read_text()) == document_schema(dict(recipe_models)), "run `make schema`"
