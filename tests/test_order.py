"""The rooms stand in one order; a room imports only from rooms before it."""

import ast
from pathlib import Path

import pytest

ORDER = (
    "errors",
    "atomic",
    "progress",
    "spread",
    "scores",
    "recipe",
    "etas",
    "catalog",
    "experiment",
    "forecast",
    "lab",
    "continuous",
    "azimuth",
    "registry",
    "report",
    "performing",
    "cluster",
    "scaling",
    "api",
    "nightly",
    "cli",
)
FAMILIES = ("forecast", "lab", "continuous", "azimuth")
PACKAGE = Path(__file__).resolve().parents[1] / "mleq"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            names = [node.module or ""]
            if node.module == "mleq":
                names = [f"mleq.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "mleq" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_rooms_before_its_own(path):
    room = room_of(path)
    assert room in ORDER, f"{room} has no place in the order"
    for other in imported_rooms(ast.parse(path.read_text(encoding="utf-8"))):
        if other in ("__version__", "__file__"):
            continue
        assert other in ORDER, f"{path.name} imports mleq.{other}, which has no place in the order"
        assert ORDER.index(other) <= ORDER.index(room), f"{path.name} in {room} imports from {other}"
        assert not (room in FAMILIES and other in FAMILIES and other != room), "families never import each other"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(path) != "cli"], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_only_the_command_line_prints(path):
    calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
    assert not [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]
