"""The catalogue and the source agree: each code that is raised has all its facts, and none is dead."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from connectors.faults import FAULTS
from schemas.errors import catalogue

_PROJECT = Path(__file__).resolve().parents[2]
_ROOMS = ("schemas", "verifier", "rules", "draw", "connectors", "ledger", "delivery", "documents", "flows")


class Raised(NamedTuple):
    """A place where an error is made: its code (`*` where the source leaves a part open) and its facts."""

    where: str
    code: str
    facts: frozenset[str]
    all_facts_shown: bool


def modules() -> dict[str, ast.Module]:
    paths = [path for room in _ROOMS for path in sorted((_PROJECT / room).rglob("*.py"))]
    return {str(path.relative_to(_PROJECT)): ast.parse(path.read_text("utf-8")) for path in paths}


MODULES = modules()


def error_classes() -> set[str]:
    """DrawbridgeError and everything that the source derives from it, however far."""
    classes = [node for tree in MODULES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"DrawbridgeError"}
    while True:
        more = {node.name for node in classes if {ast.unparse(base) for base in node.bases} & found}
        if more <= found:
            return found
        found |= more


def code_of(node: ast.expr) -> str | None:
    """The code that an expression spells; an open part of an f-string is `*`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if node.value.startswith("DB-") else None
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
        return "".join(parts) if "".join(parts).startswith("DB-") else None
    return None


def raised() -> Iterator[Raised]:
    classes = error_classes()
    for name, tree in MODULES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in classes:
                continue
            code = code_of(node.args[0]) if node.args else None
            if code is not None:
                shown = all(keyword.arg is not None for keyword in node.keywords)
                facts = frozenset(keyword.arg for keyword in node.keywords if keyword.arg is not None)
                yield Raised(f"{name}:{node.lineno}", code, facts, shown)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


RAISED = [one for one in raised() if "*" not in one.code]


def literals(tree: ast.AST) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def assembled(tree: ast.AST) -> set[str]:
    """The codes that f-strings spell, `*` for a part that is open; their calls need not be in sight."""
    codes = {code_of(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
    return {code for code in codes if code is not None}


SPELT_OUT = set().union(*(literals(tree) for tree in MODULES.values()))
ASSEMBLED = set().union(*(assembled(tree) for tree in MODULES.values()))

# The connectors put codes together: the system's area and the number of what happened.  A module that names
# its area speaks of that system alone, and so does what only such a one imports; the rest speaks of both.
AREAS = ("PLATFORM", "PUBLICITY")
CONNECTORS = {name: tree for name, tree in MODULES.items() if name.startswith("connectors/")}


def area_named(tree: ast.Module) -> str | None:
    """The value of the module's `AREA`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "AREA":
            return str(ast.literal_eval(node.value))
    return None


def importers(name: str) -> list[ast.Module]:
    module = name.removesuffix(".py").replace("/", ".")
    return [
        tree
        for tree in CONNECTORS.values()
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == module
    ]


def areas_of(name: str, tree: ast.Module) -> set[str]:
    """The systems that a module of the connectors speaks of."""
    if own := area_named(tree):
        return {own}
    named = [area_named(one) for one in importers(name)]
    return set(AREAS) if None in named or not named else {area for area in named if area}


NUMBERS = {area: {kind.number for kind in FAULTS.values()} for area in AREAS}
for _name, _tree in CONNECTORS.items():
    for _area in areas_of(_name, _tree):
        NUMBERS[_area] |= literals(_tree) | {code.rpartition("-")[2] for code in assembled(_tree)}


def is_in_use(code: str) -> bool:
    """Whether the source spells the code as a string of its own, or puts it together."""
    _, area, number = code.split("-")
    return code in SPELT_OUT or number in NUMBERS.get(area, ())


def test_a_number_of_one_system_is_none_of_the_other() -> None:
    """No list of the publicity system has snapshots or a total, and its batches can be asked about."""
    for number in ("022", "023", "025"):
        assert is_in_use(f"DB-PLATFORM-{number}")
        assert not is_in_use(f"DB-PUBLICITY-{number}")


def test_the_source_was_read() -> None:
    assert len(RAISED) > 200
    assert len(ASSEMBLED) >= 10
    assert {"SystemUnreachable", "NotSent", "Refused", "Ambiguous", "NotFound"} <= error_classes()


@pytest.mark.parametrize("one", RAISED, ids=lambda one: one.where)
def test_what_is_raised_has_its_wording_and_all_facts_of_it(one: Raised) -> None:
    entry = catalogue()[one.code]
    if one.all_facts_shown:
        assert placeholders(entry.zh + entry.act + entry.en) <= one.facts


@pytest.mark.parametrize("code", catalogue())
def test_no_code_is_dead(code: str) -> None:
    assert is_in_use(code)


# Facts in Chinese words have no place in an English sentence.
CHINESE_FACTS = {"detail", "answer_text"}


@pytest.mark.parametrize("code", catalogue())
def test_both_languages_name_the_same_facts(code: str) -> None:
    entry = catalogue()[code]
    english = placeholders(entry.en)
    assert english <= placeholders(entry.zh) | placeholders(entry.act)
    assert placeholders(entry.zh) - english <= CHINESE_FACTS


@pytest.mark.parametrize("area", AREAS)
def test_the_two_systems_fail_in_the_same_ways(area: str) -> None:
    """A fault of the table is raised with the number of its kind, whichever system it was."""
    for kind in FAULTS.values():
        assert f"DB-{area}-{kind.number}" in catalogue()


def test_no_code_stands_in_two_files() -> None:
    folder = _PROJECT / "schemas" / "errors"
    codes = [
        code for path in sorted(folder.glob("*.toml")) for code in tomllib.loads(path.read_text("utf-8"))
    ]
    assert len(codes) == len(set(codes)) == len(catalogue())


def test_a_file_with_a_member_too_many_or_too_few_is_a_mistake_of_ours() -> None:
    for path in sorted((_PROJECT / "schemas" / "errors").glob("*.toml")):
        for code, texts in tomllib.loads(path.read_text("utf-8")).items():
            assert set(texts) == {"zh", "act", "en"}, (path.name, code)
            assert all(text == text.strip() and text for text in texts.values()), (path.name, code)
