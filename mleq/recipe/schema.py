"""The JSON schema of recipe files, for completion and hints in an editor."""

from __future__ import annotations

from typing import Any

from mleq.recipe.settings import Recipe


def document_schema(models: dict[str, type[Recipe]]) -> dict[str, Any]:
    """Return the schema of a recipe file with recipes of the given families.

    What is required is left to the loader, since a recipe that `extends` another need not repeat it.

    Parameters
    ----------
    models : dict of str to type
        Recipe models by family.
    """
    definitions: dict[str, Any] = {}
    branches = []
    for family, model in models.items():
        # Families may call different things alike, such as their windows.
        schema = model.model_json_schema(ref_template=f"#/$defs/{family}_{{model}}")
        definitions |= {f"{family}_{name}": part for name, part in schema.pop("$defs", {}).items()}
        schema["properties"]["extends"] = {
            "type": "string",
            "description": "id of a shelf recipe to start from",
        }
        definitions[f"{family}_recipe"] = schema
        branches.append({"$ref": f"#/$defs/{family}_recipe"})
    _forget_required(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mleq recipes",
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "format": {"const": 1},
            "recipes": {"type": "array", "items": {"anyOf": branches}},
        },
        "required": ["format", "recipes"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _forget_required(node: Any) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("required"), list):
            del node["required"]
        for value in node.values():
            _forget_required(value)
    elif isinstance(node, list):
        for value in node:
            _forget_required(value)
