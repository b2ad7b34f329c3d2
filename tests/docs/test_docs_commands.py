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
A_READERS_OWN = {"mycity", "mine", "long_record", "ID", "X"}


def shown(page):
    """The commands of a page and whether each is to be copied: lines of its code, and code within its sentences."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.S)
    lines = [(line.strip(), True) for block in blocks for line in block.splitlines()]
    lines += [(line.strip(), False) for line in text.splitlines() if line.startswith("    ")]
    lines += [(" ".join(code.split()), False) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    for line, whole in lines:
        if BEGINS.match(line):
            # Explanations stand apart; … and words in capitals stand for what a reader puts in.
            words = re.split(r"\s+#|\s\||\s{3,}(?!--)|…|;", line)[0]
            words = re.sub(r"^\S*python3? ", "", words).replace("cmd/", "mleq ", 1)
            yield " ".join(words.split()), whole


COMMANDS = sorted({(page.relative_to(CLONE).as_posix(), *command) for page in PAGES for command in shown(page)})
NAMED = [pytest.param(line, id=f"{page}: {line}") for page, line, _ in COMMANDS]
COPIED = sorted({line for _, line, whole in COMMANDS if whole})


def test_there_are_many():
    assert len(COMMANDS) > 60
    assert len({line.split()[1] for _, line, _ in COMMANDS}) >= 14
    assert len(COPIED) > 30


@pytest.mark.parametrize("line", NAMED)
def test_a_command_of_the_docs_can_be_typed(line):
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


@pytest.mark.parametrize("line", COPIED)
def test_a_command_that_is_to_be_copied_is_whole(line):
    name, *words = shlex.split(line)[1:]
    command = cli.mleq_group.get_command(click.Context(cli.mleq_group), name)
    assert command.make_context(f"mleq {name}", words).params is not None
