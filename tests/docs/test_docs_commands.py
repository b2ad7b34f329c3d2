"""Every command that the docs show can be typed: it exists, with those options, and its recipes are there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from mleq import cli, recipe, registry

CLONE = Path(__file__).resolve().parents[2]
PAGES = [CLONE / "README.md", CLONE / "CONTRIBUTING.md", *sorted((CLONE / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if page.parent.name != "generated"]
BEGINS = re.compile(r"^(?:mleq (?!NAME)|(?:\S*python3? )?cmd/(?!NAME))")
A_READERS_OWN = {"mycity", "mine", "ID", "X"}


def shown(page):
    """The commands of a page: lines of its code, and code within its sentences, comments and pipes cut off."""
    text = page.read_text(encoding="utf-8")
    lines = [
        line.strip() for block in re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.S) for line in block.splitlines()
    ]
    lines += [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    for line in lines:
        if BEGINS.match(line):
            # Explanations stand two spaces apart; … and upper-case words stand for what a reader puts in.
            words = re.split(r"\s+#|\s\||\s{3,}(?!--)|…|;", line)[0]
            words = re.sub(r"^\S*python3? ", "", words).replace("cmd/", "mleq ", 1)
            yield " ".join(words.split())


COMMANDS = sorted({(page.relative_to(CLONE).as_posix(), line) for page in PAGES for line in shown(page)})


def test_there_are_many():
    assert len(COMMANDS) > 60
    assert len({line.split()[1] for _, line in COMMANDS if len(line.split()) > 1}) >= 14


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line}" for page, line in COMMANDS])
def test_a_command_of_the_docs_can_be_typed(page, line):
    words = shlex.split(line)[1:]
    if words[0].startswith("-"):
        return
    group = cli.mleq_group
    command = group.get_command(click.Context(group), words[0])
    assert command is not None, f"no command {words[0]}"
    if not any(word.startswith("-") for word in words):
        return  # named in a sentence
    options = {name for option in command.params for name in option.opts}
    for word in words[1:]:
        if word.startswith("--"):
            name = word.partition("=")[0].replace("-", "_").replace("__", "--", 1)
            assert name in options | {"--help"}, f"mleq {words[0]} has no {word}"
    given = dict(zip(words, words[1:], strict=False))
    if words[0] != "new" and (recipe_id := given.get("--recipe_id")) and recipe_id not in A_READERS_OWN:
        assert recipe.load_recipe(recipe_id, CLONE / "recipe.json", models=registry.recipe_models)


@pytest.mark.parametrize(
    "line",
    [
        line
        for page, line in COMMANDS
        if page in ("README.md", "docs/quickstart.md", "docs/page.md", "docs/recipes.md") or "howto" in page
    ],
)
def test_a_command_that_is_to_be_copied_is_whole(line, monkeypatch):
    words = shlex.split(line)[1:]
    if len(words) < 2:
        return
    command = cli.mleq_group.get_command(click.Context(cli.mleq_group), words[0])
    parameters = command.make_context(f"mleq {words[0]}", words[1:], resilient_parsing=False).params
    assert parameters
