"""verifier/verify.py: alone, in any Python from 3.8 on, and of one mind with `verifier.recompute`."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import random
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from draw.canonical import canonical
from draw.commitment import Public, Round, Sealed, build_objects_commitment
from draw.compute import compute_objects
from draw.frozen import freeze_objects
from draw.seed import seal
from tests.verifier import corpus
from tests.verifier.recomputed import evidence_of
from verifier.recompute import NAMES, verify_certificate

PROGRAM = Path(__file__).parents[2] / "verifier" / "verify.py"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("single_file_verifier", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _old_python() -> str | None:
    """A Python 3.8 that runs; a version manager's shim may be there and not run, while its versions do."""
    manager = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    versions = map(str, manager.glob("versions/3.8.*/bin/python3.8"))
    for found in (os.environ.get("DRAWBRIDGE_PYTHON38"), shutil.which("python3.8"), *versions):
        command = [found or "", "--version"]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False) if found else None
        if ran and ran.stdout.startswith("Python 3.8"):
            return found
    return None


SINGLE = _loaded()
OLD_PYTHON = _old_python()
HONEST = [case for case in corpus.honest() if "full" not in json.loads(case.certificate)]
"""All but the public forms, which the single file leaves to the other verifiers."""
SMALL = HONEST if os.environ.get("DRAWBRIDGE_SCALE") == "full" else [c for c in corpus.small() if c in HONEST]
PUBLIC = corpus.named("V12 public form")


def _table(case: corpus.Case) -> dict[str, str]:
    """The table of the single file; {"refused": why} if the question could not be put."""
    files = {name: io.BytesIO(data) if name == "eligible" else data for name, data in case.files.items()}
    try:
        return dict(SINGLE.check(case.certificate, files, case.before, case.kept))
    except SINGLE.Refused as refusal:
        return {"refused": str(refusal)}


def _states(case: corpus.Case) -> dict[str, str]:
    """Each row's state: "ok", "failed" or "not checked"; {"refused": "refused"}."""
    return {row: text.split(":")[0].lower() for row, text in _table(case).items() if row != "refused"} or {
        "refused": "refused"
    }


def _recomputed(case: corpus.Case) -> dict[str, str]:
    """The same by the other verifier."""
    try:
        return {row.check: row.state for row in verify_certificate(case.certificate, evidence_of(case))}
    except Exception as refusal:
        assert type(refusal).__name__ == "DrawbridgeError"  # noqa: PT017
        return {"refused": "refused"}


def _failed(states: dict[str, str]) -> set[str]:
    return {row for row, state in states.items() if state != "ok" and state != "not checked"}


def _run(*arguments: str | Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = [python, "-I", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120)


def _written(case: corpus.Case, folder: Path) -> list[str]:
    """The case as files, and the command line that hands all of it over."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certificate.json").write_bytes(case.certificate)
    arguments = [str(folder / "certificate.json")]
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
        code = name.removeprefix("roster-")
        option = (
            ["--roster", f"{code}={folder / name}"] if code != name else [f"--{name}", str(folder / name)]
        )
        arguments += option
    for number, data in enumerate(case.before):
        (folder / f"before{number}").write_bytes(data)
        arguments += ["--before", str(folder / f"before{number}")]
    for name, digest in case.kept.items():
        arguments += [f"--{name}-digest", digest]
    return arguments


# --- one file ------------------------------------------------------------------------------------------


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


def test_it_is_one_short_file_of_the_standard_library() -> None:
    """Its length is what `wc -l` counts: docstrings, comments and blank lines are in it."""
    source = PROGRAM.read_text("utf-8")
    assert source.endswith("\n")
    assert source.count("\n") < 400
    assert [number for number, line in enumerate(source.split("\n"), 1) if _columns(line) > 120] == []
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not {"importlib", "socket", "urllib", "http", "subprocess"} & imported
    assert "__import__" not in source


def test_it_knows_the_rows_by_the_same_names() -> None:
    assert {row: name for row, name in NAMES.items() if row != "public_form"} == SINGLE.ROWS
    assert list(SINGLE.ROWS) == [row for row in NAMES if row != "public_form"]


# --- of one mind ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_an_honest_certificate_has_no_failed_row(case: corpus.Case) -> None:
    assert not _failed(_states(case)), _table(case)
    assert _states(case) == _recomputed(case)


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_what_is_not_given_is_not_checked_and_the_rest_is(case: corpus.Case) -> None:
    some = list(case.files)[1:]
    for held in (
        replace(case, files={}),
        replace(case, files={name: case.files[name] for name in some}),
        replace(case, before=()),
        replace(case, files={}, before=(), kept={}),
    ):
        assert not _failed(_states(held))
        assert _states(held) == _recomputed(held)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_what_is_altered_fails_the_same_rows(case: corpus.Case) -> None:
    for name, altered in corpus.tampered(case):
        states = _states(altered)
        assert states == _recomputed(altered), altered.name
        if not name.startswith("free:"):
            assert _failed(states) - {"kept_certificate"} or name == "kept.certificate altered", altered.name


@pytest.mark.parametrize("name", ["V1 corrected", "generated"])
def test_what_is_altered_and_free_is_seen_by_the_kept_digest(name: str) -> None:
    case = corpus.named(name)
    free = [altered for label, altered in corpus.tampered(case) if label.startswith("free:")]
    assert free
    for altered in free:
        if altered.certificate != case.certificate:
            assert "kept_certificate" in _failed(_states(altered)), altered.name


def test_without_the_list_a_certificate_may_still_contradict_itself() -> None:
    for case in (corpus.named("V1 corrected"), corpus.named("generated")):
        for _, altered in corpus.tampered(replace(case, files={})):
            assert _states(altered) == _recomputed(altered), altered.name


# --- as a program --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["V1 corrected", "V4", "V12 seats again"])
def test_the_program_says_the_table_and_what_is_left_to_do(name: str, tmp_path: Path) -> None:
    case = corpus.named(name)
    ran = _run(*_written(case, tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    rows = [line.split()[:2] for line in ran.stdout.split("\n\n")[0].splitlines()]
    table = _table(case)
    assert rows == [[row, chinese] for row, chinese in SINGLE.ROWS.items() if row in table]
    for entry in json.loads(case.certificate)["commitment"]["contributors"]:
        asked = [line for line in ran.stdout.splitlines() if line.startswith(f"请自行核对：{entry['id']}")]
        assert len(asked) == (entry["kind"] == "public")
    assert ran.stdout.endswith("结论：已核验的各项均与证书一致。\n")


def test_the_program_names_the_row_that_failed(tmp_path: Path) -> None:
    case = corpus.named("V1")
    arguments = _written(case, tmp_path)
    (tmp_path / "certificate.json").write_bytes(case.certificate.replace(b'"P05"', b'"P0X"', 1))
    ran = _run(*arguments)
    assert (ran.returncode, ran.stderr) == (1, "")
    failed = [line.split()[0] for line in ran.stdout.splitlines() if "不符：应为 " in line]
    assert failed == ["winners", "kept_certificate"]


@pytest.mark.parametrize("damage", [lambda data: data + b"\n", lambda data: data[:-1], lambda data: b"[]"])
def test_a_document_that_is_no_certificate_gets_its_table_and_status_2(damage: Any, tmp_path: Path) -> None:
    case = corpus.named("V1")
    arguments = _written(case, tmp_path)
    (tmp_path / "certificate.json").write_bytes(damage(case.certificate))
    ran = _run(*arguments)
    assert (ran.returncode, ran.stderr) == (2, "")
    rows = [line.split()[0] for line in ran.stdout.split("\n\n")[0].splitlines()]
    assert rows == ["form", "kept_certificate"]
    assert "form              文件形式" in ran.stdout


def test_a_public_form_is_left_to_the_other_verifiers(tmp_path: Path) -> None:
    """As the certificate in question, and as a document before."""
    public = _written(PUBLIC, tmp_path / "public")
    whole = _written(corpus.named("V12 seats again"), tmp_path / "whole")
    for arguments in ([public[0]], public, [whole[0], "--before", public[0]]):
        ran = _run(*arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("无法核验：这是公开版")
        assert "index.html" in ran.stderr
        assert "drawbridge draw verify" in ran.stderr
        assert ran.stderr.count("\n") == 1


def test_alone_it_says_what_was_not_checked(tmp_path: Path) -> None:
    arguments = _written(replace(corpus.named("V1"), files={}, kept={}), tmp_path)
    ran = _run(*arguments)
    assert ran.returncode == 0
    assert "未核验：抽中对象与票号，未给出 --eligible" in ran.stdout


def test_help_is_chinese_and_has_an_example() -> None:
    ran = _run("--help")
    assert ran.returncode == 0
    assert "例：python3 -I verify.py certificate.json --eligible eligible.tsv" in ran.stdout


@pytest.mark.skipif(not OLD_PYTHON, reason="no python3.8 (DRAWBRIDGE_PYTHON38 may name one)")
@pytest.mark.parametrize("name", ["V1 second round", "V12 seats again", "V2 second round"])
def test_the_oldest_python_agrees(name: str, tmp_path: Path) -> None:
    arguments = _written(corpus.named(name), tmp_path)
    assert OLD_PYTHON
    old, new = _run(*arguments, python=OLD_PYTHON), _run(*arguments)
    assert (old.returncode, old.stdout, old.stderr) == (0, new.stdout, "")


def test_a_long_list_is_read_in_parts_by_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With parts of four lines the list of V11 takes many; the bounds fall while it is read."""
    for name in ("V1", "V8", "V11", "generated"):
        case = corpus.named(name)
        whole = _table(case)
        monkeypatch.setattr(SINGLE, "PART", 4)
        assert _table(case) == whole
        altered = replace(case, files={"eligible": case.files["eligible"] + b"0\t0\t0\n"})
        assert _states(altered)["files"] == "failed"
        monkeypatch.undo()


def test_nine_megabytes_are_read_by_a_process_for_each_core(tmp_path: Path) -> None:
    """In a process of its own: processes are forked there, which one with threads must not do."""
    rows = [(f"{number:05d}{'企' * 19}", "甲", f"{number:05d}{'统' * 19}") for number in range(72_000)]
    frozen = freeze_objects(rows, ["甲"])
    eligible = frozen.files["eligible.tsv"]
    assert len(eligible) > 9_000_000
    value = "ab" * 32
    commitment = build_objects_commitment(
        frozen,
        campaign="大名录",
        ratio="0.001",
        strata=[("甲", "0.001")],
        frozen_at="2024-05-28T09:00:00+08:00",
        reveal_by="2024-05-29T17:00:00+08:00",
        contributors=[
            Public("期", "2024-05-30T08:31:00+08:00", "两组数字", "^[0-9]{2}$"),
            Sealed("甲局", seal("大名录", "objects", 1, "甲局", value)),
        ],
        round_=Round(),
    )
    (tmp_path / "certificate.json").write_bytes(
        compute_objects(commitment, {"甲局": value, "期": "07"}, eligible)
    )
    (tmp_path / "eligible.tsv").write_bytes(eligible)
    arguments = [tmp_path / "certificate.json", "--eligible", tmp_path / "eligible.tsv"]
    ran = _run(*arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = eligible.splitlines(keepends=True)
    lines[40_000], lines[40_001] = lines[40_001], lines[40_000]
    (tmp_path / "eligible.tsv").write_bytes(b"".join(lines))
    ran = _run(*arguments)
    assert (ran.returncode, "文件" in ran.stdout) == (1, True)


def test_a_line_without_end_is_no_line_of_a_list() -> None:
    case = replace(corpus.named("V1"), files={"eligible": b"x" * 100_000})
    assert _states(case)["files"] == "failed"


# --- whatever it is given ------------------------------------------------------------------------------


def test_a_question_that_cannot_be_put(tmp_path: Path) -> None:
    case = corpus.named("V1")
    good = _written(case, tmp_path)
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 1 << 30)
    other = _written(corpus.named("V2"), tmp_path / "two")
    for arguments in (
        [],
        ["--nothing"],
        [good[0], good[0]],
        [tmp_path / "none.json"],
        [tmp_path],
        [tmp_path / "large"],
        [good[0], "--eligible", tmp_path / "none.tsv"],
        [good[0], "--eligible", "/dev/zero"],
        [good[0], "--objects", tmp_path / "large"],
        [good[0], "--objects", good[2]],
        [other[0], "--eligible", good[2]],
        [good[0], "--before", other[0]],
        [good[0], "--before", good[2]],
        [good[0], "--roster", "SW"],
        [good[0], "--commitment-digest", "3e2c"],
    ):
        ran = _run(*arguments)
        assert (ran.returncode, ran.stdout) == (2, ""), arguments
        assert ran.stderr.startswith("无法核验：")
        assert ran.stderr.count("\n") == 1


def test_no_input_makes_it_fall_over() -> None:
    """Any bytes as a certificate, and any JSON in the place of any part of one."""
    chance = random.Random(5)
    texts = [
        b"",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"9" * 2_000_000,
        b"-1e999999",
        b'"\\ud800"',
        b"null",
    ]
    texts += [chance.randbytes(chance.randint(1, 300)) for _ in range(100)]
    assert {_states(corpus.Case("", text))["form"] for text in texts} == {"failed"}
    anything: list[Any] = [
        None,
        True,
        0,
        -1,
        2**53 - 1,
        2**53,
        "",
        "x",
        "\x00",
        "0" * 64,
        [],
        {},
        [[]],
        [{}],
        {"": {}},
    ]
    anything += [
        "^" + "(" * 30_000 + "1" + ")" * 30_000 + "$",
        "^" + "([0-9]{9999}){9999}" * 3 + "$",
        "9999-12-31T23:59:59+23:59",
    ]
    seen: Counter[str] = Counter()
    for name in ("V1 second round", "V12 seats again", "V2 second round"):
        case = corpus.named(name)
        for _ in range(400):
            document = json.loads(case.certificate)
            place: Any = document
            while True:
                step = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
                if not isinstance(place[step], dict | list) or not place[step] or chance.random() < 0.2:
                    break
                place = place[step]
            place[step] = chance.choice(anything)
            try:
                data = canonical(document)
            except Exception:
                data = json.dumps(document).encode()
            seen[_states(replace(case, certificate=data)).get("form", "refused")] += 1
    assert seen["failed"] > 500
    assert seen["ok"] > 20
