"""The pages of the docs that are made from the code: all settings of recipes, and all commands with their options.

`docs/conf.py` calls this before it builds. Nothing is written twice: what a setting means stands in the recipe models,
what an option does in the commands' help. The settings are kept beside the other pages, which link to them, as
recipes/schema.json is (`make schema` writes both, a test says when they are stale); the commands, which `--help` shows
too, are made for the site alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mleq import cli, registry

HERE = Path(__file__).parent
SETTINGS = HERE / "settings.md"
FOLDER = HERE / "generated"

UNITS = {
    "_km": "km", "_km2": "km²", "_days": "days", "_s": "s", "_hz": "Hz", "_deg": "degrees", "_gb": "GB", "_db": "dB",
    "_hours": "hours", "_per_day": "a day", "latitude": "degrees", "longitude": "degrees", "degrees": "degrees",
    "magnitude": "magnitude", "days": "days", "sampling_rate": "Hz",
}  # fmt: skip
"""Unit by the end of a setting's name, the longest end first."""

NOTED_KEYS = ("name", "source", "kind", "family")
"""Settings of one value alone, which say of which kind the part is."""


def unit(setting: str) -> str:
    """Return the unit that the name of a setting says.

    >>> unit("radius_km"), unit("spacing"), unit("local_per_day")
    ('km', '', 'a day')
    """
    ends = sorted((end for end in UNITS if setting.endswith(end)), key=len)
    return UNITS[ends[-1]] if ends else ""


def settings_page() -> str:
    """Return the page of all settings, a section for each family and a table for each part, as Markdown."""
    lines = [
        "# All settings",
        "",
        "Made from the recipe models by `make schema`. What is required may also stand in the recipe that is extended; "
        "`null` stands for none. [How to write a recipe](recipes.md) says how they go together.",
    ]
    for family in registry.recipe_models:
        lines += ["", f"## Family `{family}`"]
        model = registry.recipe_models[family]
        schema = model.model_json_schema()
        every = list(parts(schema))
        paths = [path for path, _ in every]
        for path, part in every:
            lines += ["", *_section(family, path, part, schema, several=paths.count(path) > 1)]
    return "\n".join(lines) + "\n"


def parts(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each part of a recipe once, with the path of settings that leads to it; the recipe itself comes first."""
    told, waiting = set(), [("", schema)]
    while waiting:
        path, part = waiting.pop(0)
        yield path, part
        below = []
        for name, setting in part.get("properties", {}).items():
            for reference in references(setting):
                if reference not in told:
                    told.add(reference)
                    below.append((f"{path}.{name}".lstrip("."), schema["$defs"][reference]))
        waiting = below + waiting


def references(setting: Any) -> list[str]:
    """Return the names of the parts that a setting may hold, in their order."""
    if isinstance(setting, dict):
        if "$ref" in setting:
            return [setting["$ref"].rpartition("/")[2]]
        found = [one for key, value in setting.items() if key != "discriminator" for one in references(value)]
    else:
        found = [one for value in setting for one in references(value)] if isinstance(setting, list) else []
    return list(dict.fromkeys(found))


def _section(family: str, path: str, part: dict[str, Any], schema: dict[str, Any], *, several: bool) -> list[str]:
    known_by = [f"`{key}`: `{part['properties'][key]['const']}`" for key in NOTED_KEYS if _is_constant(part, key)]
    title = f"`{path}`" if path else f"A recipe of `{family}`"
    if path and known_by:
        title += f", {known_by[0]}"
    elif several:
        title += f", {re.sub('([a-z])([A-Z])', lambda ends: ends[1] + ' ' + ends[2], part['title']).lower()}"
    said = " ".join(part.get("description", "").split())
    required = part.get("required", ())
    rows = [_row(name, one, schema, name in required) for name, one in part.get("properties", {}).items()]
    header = ["| setting | values | default | unit | meaning |", "|---|---|---|---|---|"]
    return [f"### {title}", "", said, "", *header, *rows]


def _is_constant(part: dict[str, Any], key: str) -> bool:
    return "const" in part.get("properties", {}).get(key, {})


def _row(name: str, setting: dict[str, Any], schema: dict[str, Any], required: bool) -> str:
    default = "*required*" if required else ""
    if "default" in setting:
        # A part's defaults stand in its own table.
        default = "as below" if references(setting) and setting["default"] else _code(setting["default"])
    cells = [f"`{name}`", _values(setting), default, unit(name), meaning(name, setting, schema)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def meaning(name: str, setting: dict[str, Any], schema: dict[str, Any]) -> str:
    """Say what a setting is for: as its model describes it, or the part that it holds."""
    if said := setting.get("description"):
        return said[0].upper() + said[1:]
    if "const" in setting and name in NOTED_KEYS:
        return "Says which kind this is"
    held = [schema["$defs"][reference].get("description", "") for reference in references(setting)]
    return " Or: ".join(" ".join(text.split("\n\n")[0].split()) for text in held)


def _code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _values(setting: dict[str, Any]) -> str:
    """Say in a few words what may stand there."""
    for several in ("anyOf", "oneOf"):
        if several in setting:
            return " or ".join(dict.fromkeys(_values(one) for one in setting[several]))
    if "$ref" in setting:
        return "a part"
    if "const" in setting:
        return _code(setting["const"])
    if "enum" in setting:
        return ", ".join(_code(value) for value in setting["enum"])
    kind = setting.get("type")
    if kind == "array":
        inner = setting.get("prefixItems")
        if inner:
            return f"list of {len(inner)}"
        return f"list, each {_values(setting['items'])}" if setting.get("items") else "list"
    words = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
    words |= {"object": "an object", "null": "null"}
    if setting.get("format") == "date":
        return "date"
    return words.get(kind, "any value") + _range(setting)


def _range(setting: dict[str, Any]) -> str:
    low, high = setting.get("minimum"), setting.get("maximum")
    above, below = setting.get("exclusiveMinimum"), setting.get("exclusiveMaximum")
    said = [f"from {low:,}" if low is not None else f"above {above:,}" if above is not None else ""]
    said += [f"to {high:,}" if high is not None else f"below {below:,}" if below is not None else ""]
    return f", {' '.join(filter(None, said))}" if any(said) else ""


def commands_page() -> str:
    """Return the page of all commands with their options, as Markdown."""
    lines = ["# All commands", "", "`mleq NAME` and `python cmd/NAME` are the same. This is what `--help` says."]
    main = cli.mleq_group
    context = click.Context(main, info_name="mleq")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        with click.Context(command, info_name=f"mleq {name}", max_content_width=100, terminal_width=100) as inner:
            lines += ["", f"## `{name}`", "", "```text", command.get_help(inner).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def write() -> None:
    """Write all generated pages."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in ((SETTINGS, settings_page()), (FOLDER / "commands.md", commands_page())):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
