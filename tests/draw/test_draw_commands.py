"""`drawbridge draw compute` and `draw verify` on files alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from draw.canonical import canonical, digest
from flows.commands.draw import draw
from schemas.errors import DrawbridgeError
from tests.draw.vectors import VECTORS


def laid_out(folder: Path, name: str) -> Path:
    """The files of a vector, as somebody would get them."""
    vector = VECTORS[name]
    (folder / "C.json").write_bytes(canonical(vector["commitment"]))
    (folder / "V.json").write_text(json.dumps(vector["values"], ensure_ascii=False, indent=1), "utf-8")
    for file, text in vector["files"].items():
        (folder / file).write_bytes(text.encode())
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(draw, [str(argument) for argument in arguments])


def compute_arguments(folder: Path, name: str) -> list[str | Path]:
    vector = VECTORS[name]
    arguments: list[str | Path] = [
        "compute", "--stage", vector["stage"],
        "--commitment", folder / "C.json", "--contributions", folder / "V.json", "-o", folder / "CERT.json",
    ]  # fmt: skip
    if vector["stage"] == "objects":
        return [*arguments, "--eligible", folder / "eligible.tsv"]
    arguments += ["--objects", folder / "objects.txt", "--forbidden", folder / "forbidden.tsv"]
    for department in vector["commitment"]["departments"]:
        code = department["code"]
        arguments += ["--roster", f"{code}={folder / f'roster-{code}.txt'}"]
    return arguments


def refused(result: Result) -> DrawbridgeError:
    assert isinstance(result.exception, DrawbridgeError), result.output
    return result.exception


def test_objects_as_one_json_document(tmp_path: Path) -> None:
    result = run(*compute_arguments(laid_out(tmp_path, "V1"), "V1"), "--json")
    assert result.exit_code == 0
    written = (tmp_path / "CERT.json").read_bytes()
    assert json.loads(result.stdout) == {
        "certificate": str(tmp_path / "CERT.json"),
        "stage": "objects",
        "campaign": "130534202405281001",
        "round": 1,
        "digest": digest(written),
        "seed": VECTORS["V1"]["expect"]["seed"],
        "eligible": 12,
        "drawn": 8,
    }
    assert written == canonical({**VECTORS["V1"]["certificate"], "replacements": [], **json.loads(written)})
    assert result.stderr == ""


def test_inspectors_whole_certificate(tmp_path: Path) -> None:
    result = run(*compute_arguments(laid_out(tmp_path, "V4"), "V4"), "--json")
    assert (tmp_path / "CERT.json").read_bytes() == canonical(VECTORS["V4"]["certificate"])
    facts = json.loads(result.stdout)
    assert facts["digest"] == VECTORS["V4"]["expect"]["certificate_digest"]
    assert (facts["objects"], facts["groups"], facts["relax"]) == (7, 3, 0)


def test_a_department_code_beyond_ascii(tmp_path: Path) -> None:
    result = run(*compute_arguments(laid_out(tmp_path, "V9"), "V9"))
    assert result.exit_code == 0
    found = json.loads((tmp_path / "CERT.json").read_bytes())
    assert found["assignment"] == VECTORS["V9"]["expect"]["assignment"]


def test_facts_for_people(tmp_path: Path) -> None:
    result = run(*compute_arguments(laid_out(tmp_path, "V1"), "V1"))
    assert "抽中（个）\t8\n" in result.stdout
    assert "种子\ta4c89035946a" in result.stdout


def test_the_help_is_chinese() -> None:
    for arguments in (["--help"], ["compute", "--help"], ["verify", "--help"]):
        assert any("\u4e00" <= character <= "\u9fff" for character in run(*arguments).output)


# --- nothing half done --------------------------------------------------------------------------------------


def test_a_refusal_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "V1")
    (folder / "CERT.json").write_text("former")
    (folder / "V.json").write_text("{}")
    before = sorted(path.name for path in folder.iterdir())
    assert refused(run(*compute_arguments(folder, "V1"))).code == "DB-DRAW-073"
    assert (folder / "CERT.json").read_text() == "former"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    arguments = compute_arguments(laid_out(tmp_path, "V1"), "V1")
    (tmp_path / "CERT.json").mkdir()
    assert refused(run(*arguments)).code == "DB-DRAW-029"
    arguments[arguments.index(tmp_path / "CERT.json")] = tmp_path / "no" / "CERT.json"
    assert refused(run(*arguments)).code == "DB-DRAW-029"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: (f / "C.json").unlink(), "DB-DRAW-028"),
        (lambda f: (f / "V.json").unlink(), "DB-DRAW-028"),
        (lambda f: (f / "eligible.tsv").unlink(), "DB-DRAW-028"),
        (lambda f: (f / "C.json").write_bytes((f / "C.json").read_bytes() + b"\n"), "DB-DRAW-026"),
        (lambda f: (f / "V.json").write_text('{"水务局": "1", "水务局": "1"}', "utf-8"), "DB-DRAW-022"),
        (lambda f: (f / "V.json").write_text('{"水务局": ""}', "gb18030"), "DB-DRAW-020"),
        (lambda f: (f / "V.json").write_text("水务局", "utf-8"), "DB-DRAW-021"),
        (lambda f: (f / "C.json").write_bytes(canonical(VECTORS["V2"]["commitment"])), "DB-DRAW-062"),
        (lambda f: (f / "eligible.tsv").write_bytes(b""), "DB-DRAW-038"),
    ],
)  # fmt: skip
def test_files_refused(tmp_path: Path, change: Any, code: str) -> None:
    folder = laid_out(tmp_path, "V1")
    change(folder)
    refusal = refused(run(*compute_arguments(folder, "V1")))
    assert refusal.code == code
    assert str(refusal)
    assert not (folder / "CERT.json").exists()


def test_options_of_the_other_stage(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "V1")
    arguments = compute_arguments(folder, "V1")
    assert refused(run(*arguments, "--objects", folder / "C.json")).code == "DB-DRAW-087"
    assert refused(run(*arguments[:-2])).code == "DB-DRAW-086"
    laid_out(folder, "V2")
    inspectors = compute_arguments(folder, "V2")
    assert refused(run(*inspectors, "--eligible", folder / "eligible.tsv")).code == "DB-DRAW-087"
    assert refused(run(*inspectors[:-4])).code == "DB-DRAW-086"
    assert refused(run(*inspectors[:-2])).code == "DB-DRAW-047"
    assert refused(run(*inspectors, "--roster", "SW=x")).code == "DB-DRAW-049"
    assert refused(run(*inspectors, "--roster", "SW")).code == "DB-DRAW-049"


# --- verify ---------------------------------------------------------------------------------------------


def test_verify_prints_the_table_and_what_is_open(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "V1")
    run(*compute_arguments(folder, "V1"))
    result = run("verify", folder / "CERT.json", "--eligible", folder / "eligible.tsv")
    assert result.exit_code == 0
    assert "默克尔树根\t相符\n" in result.stdout
    assert "承诺书与他人保存的一致\t未核：没有给出 --commitment-digest\n" in result.stdout
    closing = result.stdout.split("\n\n")[1]
    assert closing.startswith("未核对：承诺书与他人保存的一致、")
    assert "双色球2024061 = 03 08 17 21 26 32 11（红球升序六个" in closing


def test_verify_ends_with_1_if_a_check_failed(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "V1")
    run(*compute_arguments(folder, "V1"))
    certificate = json.loads((folder / "CERT.json").read_bytes())
    certificate["winners"][0]["object_id"] = "P03"
    (folder / "CERT.json").write_bytes(canonical(certificate))
    result = run("verify", folder / "CERT.json", "--eligible", folder / "eligible.tsv")
    assert result.exit_code == 1
    assert "抽中对象与票号\t不符：应为 [0].object_id P05，实为 P03\n" in result.stdout


def test_verify_both_stages_as_json(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "V2")
    run(*compute_arguments(folder, "V2"))
    (folder / "BEFORE.json").write_bytes(canonical(VECTORS["V1"]["certificate"]))
    result = run(
        "verify", folder / "CERT.json", "--json",
        "--objects", folder / "objects.txt", "--forbidden", folder / "forbidden.tsv",
        "--roster", f"SW={folder / 'roster-SW.txt'}", "--roster", f"SC={folder / 'roster-SC.txt'}",
        "--before", folder / "BEFORE.json",
        "--commitment-digest", VECTORS["V2"]["expect"]["commitment_digest"],
        "--closing-digest", "00" * 32,
    )  # fmt: skip
    found = json.loads(result.stdout)
    states = {row["check"]: row["state"] for row in found["checks"]}
    assert states.pop("kept_closing") == "failed"
    assert states.pop("kept_certificate") == "not checked"
    assert set(states.values()) == {"ok"}
    assert result.exit_code == 1
    assert found["failed"] is True
