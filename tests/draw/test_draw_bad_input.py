"""What a person may hand in wrongly, through the real command line.

Each is refused with its own code and one sentence that says what is so and what to do, exit 2, and
the folder is as it was.  Which code a reader gives for which text is in test_draw_vectors.py and
test_draw_frozen.py; here it is what the person at the terminal gets.
"""

from __future__ import annotations

import copy
import json
import re
import signal
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from draw.canonical import canonical, digest
from draw.certificate import parse_certificate
from draw.reveal import check_published
from draw.seed import seal
from flows.cli import drawbridge
from flows.command_line.command import run_command_line
from schemas.errors import DrawbridgeError, catalogue
from tests.draw.vectors import PUBLISHED, VECTORS, compute

V1: dict[str, Any] = VECTORS["V1"]
V2: dict[str, Any] = VECTORS["V2"]
V10: dict[str, Any] = VECTORS["V10"]
V2_OBJECT = V2["files"]["objects.txt"].split("\n")[0]
GIGABYTE = 1 << 30
TOO_LARGE = re.compile("64 ?(MiB|MB|兆)")

LONGEST_SENTENCE = 240
"""Characters; a sentence that names a file with its path has about half of it."""


class Refusal(NamedTuple):
    code: str
    sentence: str


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """The command line takes SIGTERM for itself; the process of the tests gets its own back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `drawbridge` with these arguments."""
    with pytest.raises(SystemExit) as left:
        run_command_line(drawbridge, [str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return int(left.value.code or 0), shown.out, shown.err


def contents(folder: Path) -> dict[str, bytes | int]:
    """What is in the folder: bytes by name, of a large file its size alone."""
    return {
        path.name: path.read_bytes() if path.stat().st_size < GIGABYTE else path.stat().st_size
        for path in folder.iterdir()
    }


def lay_out(folder: Path, vector: dict[str, Any]) -> list[object]:
    """A vector's files in the folder, a former certificate among them; the arguments that compute it."""
    (folder / "C.json").write_bytes(canonical(vector["commitment"]))
    (folder / "V.json").write_text(json.dumps(vector["values"], ensure_ascii=False), "utf-8")
    (folder / "CERT.json").write_bytes(b"former")
    for name, text in vector["files"].items():
        (folder / name).write_bytes(text.encode())
    arguments: list[object] = [
        "draw", "compute", "--stage", vector["stage"],
        "--commitment", folder / "C.json", "--contributions", folder / "V.json", "-o", folder / "CERT.json",
    ]  # fmt: skip
    if vector["stage"] == "objects":
        return [*arguments, "--eligible", folder / "eligible.tsv"]
    for option in ("objects.txt", "forbidden.tsv"):
        arguments += [f"--{option.split('.')[0]}", folder / option]
    for name in vector["files"]:
        if name.startswith("roster-"):
            arguments += ["--roster", f"{name[7:-4]}={folder / name}"]
    return arguments


def refused(capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[object]) -> Refusal:
    """Runs the command, which must refuse: exit 2, one sentence, no output, the folder as it was."""
    before = contents(folder)
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, ""), err
    assert contents(folder) == before
    sentence = err.removesuffix("\n")
    found = re.fullmatch(r"[^\n]*。[^\n]*。（(DB-[A-Z]+-\d{3})）", sentence)  # what is so; what to do
    assert found, sentence
    assert len(sentence) <= LONGEST_SENTENCE
    assert not re.search(r"[!！]|Traceback|Error|None|错误|失败|非法", sentence), sentence
    return Refusal(found[1], sentence)


def recommitted(vector: dict[str, Any], name: str, text: str, count: int) -> dict[str, Any]:
    """The vector with another file, committed to as it is: wrong from the freeze on."""
    changed = copy.deepcopy(vector)
    changed["files"][name] = text
    counted = {"count": count, "sha256": digest(text.encode())}
    promised = changed["commitment"]
    if name == "eligible.tsv":
        promised["eligible"].update(counted)
    elif name.startswith("roster-"):
        next(d for d in promised["departments"] if d["code"] == name[7:-4])["roster"] = counted
    else:
        promised[name.split(".")[0]] = counted
    return changed


def with_file(vector: dict[str, Any], name: str, change: Callable[[str], str]) -> dict[str, Any]:
    text = change(vector["files"][name])
    return recommitted(vector, name, text, text.count("\n") - name.startswith(("roster-", "forbidden")))


def with_values(**values: str) -> dict[str, Any]:
    return {**copy.deepcopy(V1), "values": {**V1["values"], **values}}


def sealed_for(stage: str, round_: int) -> dict[str, Any]:
    """V1, but the water office sealed its value for another draw of the campaign."""
    changed = copy.deepcopy(V1)
    value = V1["values"]["水务局"]
    own = next(one for one in changed["commitment"]["contributors"] if one["id"] == "水务局")
    own["commitment"] = seal(changed["commitment"]["campaign"], stage, round_, "水务局", value)
    return changed


def line(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    """Changes the line of that number, from 1."""

    def changed(text: str) -> str:
        lines = text.splitlines()
        lines[number - 1] = change(lines[number - 1])
        return "".join(one + "\n" for one in lines)

    return changed


# What is handed in, the code, and words that the sentence must have: where it is, and what to do.
CASES: dict[str, tuple[Callable[[], dict[str, Any]], str, tuple[str, ...]]] = {
    "an id twice": (
        lambda: with_file(V1, "eligible.tsv", lambda t: t.splitlines()[0] + "\n" + t),
        "DB-DRAW-035",
        ("eligible.tsv 第 2 行", "重复", "请删去"),
    ),
    "lines out of order": (
        lambda: with_file(V1, "eligible.tsv", lambda t: "".join(reversed(t.splitlines(keepends=True)))),
        "DB-DRAW-034",
        ("eligible.tsv 第 2 行", "请按编号的 UTF-8 字节顺序排列"),
    ),
    "a file saved with CRLF": (
        lambda: with_file(V1, "eligible.tsv", lambda t: t.replace("\n", "\r\n")),
        "DB-DRAW-030",
        ("eligible.tsv 第 1 行", "回车符", "请使用冻结时的原始文件"),
    ),
    "a file that was cut off": (
        lambda: with_file(V1, "eligible.tsv", lambda t: t[:-1]),
        "DB-DRAW-031",
        ("eligible.tsv", "第 12 行", "可能没有传完"),
    ),
    "a stratum that is not listed": (
        lambda: with_file(V1, "eligible.tsv", line(3, lambda one: one.replace("\tA\t", "\t甲\t"))),
        "DB-DRAW-041",
        ("eligible.tsv 第 3 行", "“甲”", "请把该分层及其比例列入计划"),
    ),
    "a stratum that is listed twice": (
        lambda: {
            **V1,
            "commitment": {**V1["commitment"], "strata": [{"name": "A", "ratio": "0.1"}] * 2},
        },
        "DB-DRAW-050",
        ("“A”列了两次", "请更正计划"),
    ),
    "a ratio of more than all": (
        lambda: {**V1, "commitment": {**V1["commitment"], "ratio": "1.0"}},
        "DB-DRAW-006",
        ("1.0", "请写成 1 或 0."),
    ),
    "a value that opens nothing": (
        lambda: with_values(水务局="a" * 64),
        "DB-DRAW-070",
        ("“水务局”", "打不开其密封", "请核对"),
    ),
    "a value of the other stage": (
        lambda: sealed_for("inspectors", 1),
        "DB-DRAW-063",
        ("“水务局”", "阶段 inspectors", "重新密封"),
    ),
    "a value of another round": (
        lambda: sealed_for("objects", 2),
        "DB-DRAW-063",
        ("“水务局”", "第 2 轮", "重新密封"),
    ),
    "a value of somebody who takes no part": (
        lambda: with_values(交通局="a" * 64),
        "DB-DRAW-074",
        ("“交通局”", "请核对名称"),
    ),
    "a public number in full-width digits": (
        lambda: with_values(双色球2024061="０３ 08 17 21 26 32 11"),
        "DB-DRAW-071",
        ("“双色球2024061”", "红球升序六个", "半角"),
    ),
    "a roster too small": (
        lambda: with_file(V2, "roster-SC.txt", lambda t: t[: t.index("SC06")]),
        "DB-DRAW-045",
        ("部门 SC 的名录有 5 人", "需要 6 人", "请补充人员，或减少组数"),
    ),
    "an object that too few may visit": (
        lambda: V10,
        "DB-DRAW-046",
        ("911305340000000005", "部门 SC", "只有 1 人", "至少再补充 1 名", "复核回避依据"),
    ),
    "an inspector of two departments": (
        lambda: with_file(V2, "roster-SC.txt", lambda t: t + "SW01\n"),
        "DB-DRAW-044",
        ("roster-SW.txt", "roster-SC.txt", "只能代表一个部门"),
    ),
    "a roster without its salt": (
        lambda: with_file(V2, "roster-SC.txt", lambda t: t.split("\n", 1)[1]),
        "DB-DRAW-036",
        ("roster-SC.txt 的第一行", "salt、制表符和 64 位小写十六进制数"),
    ),
    "a pair twice": (
        lambda: with_file(V2, "forbidden.tsv", lambda t: t + "911305340000000001\tSW01\trelative\n" * 2),
        "DB-DRAW-037",
        ("forbidden.tsv 第 3 行", "请合并原因"),
    ),
    "a recusal of a stranger": (
        lambda: with_file(V2, "forbidden.tsv", lambda t: t + f"{V2_OBJECT}\tZZ01\trelative\n"),
        "DB-DRAW-043",
        ("forbidden.tsv 第 2 行", "不在任何一个部门的名录中"),
    ),
    "another list than the committed one": (
        lambda: {**V1, "files": {"eligible.tsv": V1["files"]["eligible.tsv"].replace("P01", "P00")}},
        "DB-DRAW-039",
        ("eligible.tsv 与承诺书不是同一文件", "请停止抽取并上报"),
    ),
    "the commitment of the other stage": (
        lambda: {**V1, "commitment": V2["commitment"]},
        "DB-DRAW-062",
        ("阶段 inspectors", "需要阶段 objects"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_its_own_code_and_nothing_drawn(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, code, words = CASES[case]
    refusal = refused(capsys, tmp_path, lay_out(tmp_path, made()))
    assert refusal.code == code
    for word in words:
        assert word in refusal.sentence


def test_a_public_number_before_its_time() -> None:
    early = datetime.fromisoformat("2024-05-30T21:14:59+08:00")
    with pytest.raises(DrawbridgeError) as refusal:
        check_published(V1["commitment"], "双色球2024061", early)
    assert refusal.value.code == "DB-DRAW-072"
    for word in ("“双色球2024061”", "2024-05-30T21:15:00+08:00", "请在公布之后录入"):
        assert word in str(refusal.value)
    check_published(V1["commitment"], "双色球2024061", early + timedelta(seconds=1))


def test_the_same_refusal_as_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = lay_out(tmp_path, V10)
    before = contents(tmp_path)
    status, out, _ = run(capsys, *arguments, "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"], contents(tmp_path)) == (2, "DB-DRAW-046", before)
    assert error["en"].endswith("1 more must be added.")


@pytest.mark.parametrize("case", PUBLISHED["refused_cases"], ids=lambda case: case["name"])
def test_the_published_cases_at_the_terminal(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, tmp_path, lay_out(tmp_path, case)).code.startswith("DB-DRAW-")


TEXTS = [(kind, value) for kind, values in PUBLISHED["refused_text"].items() for value in values]


@pytest.mark.parametrize(("kind", "value"), TEXTS, ids=ascii)
def test_the_published_texts_at_the_terminal(
    kind: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vectors: dict[str, Callable[[], dict[str, Any]]] = {
        "ratio": lambda: {**V1, "commitment": {**V1["commitment"], "ratio": value}},
        "object_id": lambda: with_file(V1, "eligible.tsv", line(1, lambda one: value + one[3:])),
        "sealed value": lambda: with_values(水务局=value),
        "public value (pattern of V1)": lambda: with_values(双色球2024061=value),
    }
    refusal = refused(capsys, tmp_path, lay_out(tmp_path, vectors[kind]()))
    if kind == "sealed value":  # it may still be a secret
        assert value not in refusal.sentence


# --- certificates ---------------------------------------------------------------------------------------


def raw(change: Callable[[bytes], bytes]) -> bytes:
    return change(compute(V1))


def altered(change: Callable[[dict[str, Any]], object]) -> bytes:
    certificate: dict[str, Any] = json.loads(compute(V1))
    change(certificate)
    return canonical(certificate)


CERTIFICATES: dict[str, tuple[Callable[[], bytes], str, tuple[str, ...]]] = {
    "a member twice": (
        lambda: raw(lambda data: data.replace(b'"corrects":null,', b'"corrects":null,"corrects":null,')),
        "DB-DRAW-022",
        ("corrects", "出现了两次"),
    ),
    "an unknown member": (
        lambda: altered(lambda c: c.update(operator="x")),
        "DB-DRAW-023",
        ("operator", "不认识的成员"),
    ),
    "a member missing": (
        lambda: altered(lambda c: c.pop("reserves")),
        "DB-DRAW-024",
        ("reserves", "缺少成员"),
    ),
    "a member missing deep inside": (
        lambda: altered(lambda c: c["winners"][0].pop("uscc")),
        "DB-DRAW-024",
        ("uscc", "winners"),
    ),
    "a number where a list belongs": (
        lambda: altered(lambda c: c.update(winners=8)),
        "DB-DRAW-025",
        ("winners", "类型不对"),
    ),
    "laid out by an editor": (
        lambda: raw(lambda data: json.dumps(json.loads(data), ensure_ascii=False, indent=1).encode()),
        "DB-DRAW-026",
        ("RFC 8785", "请使用原始文件"),
    ),
    "a final line feed": (lambda: raw(lambda data: data + b"\n"), "DB-DRAW-026", ("末尾多了换行",)),
    "a byte order mark": (lambda: raw(lambda data: b"\xef\xbb\xbf" + data), "DB-DRAW-021", ("JSON",)),
    "saved in GB18030": (
        lambda: raw(lambda data: data.decode().encode("gb18030")),
        "DB-DRAW-020",
        ("不是 UTF-8 编码", "请另存为 UTF-8"),
    ),
    "cut off": (lambda: raw(lambda data: data[:-1]), "DB-DRAW-021", ("不是合格的 JSON",)),
    "nested without end": (lambda: b"[" * 200_000, "DB-DRAW-021", ("不是合格的 JSON",)),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificates_refused(case: str) -> None:
    made, code, words = CERTIFICATES[case]
    with pytest.raises(DrawbridgeError) as refusal:
        parse_certificate(made())
    assert refusal.value.code == code
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificates_whose_form_fails_at_the_terminal(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verifier answers with its table, in which the form alone has failed, and with a code."""
    (tmp_path / "CERT.json").write_bytes(CERTIFICATES[case][0]())
    before = contents(tmp_path)
    status, out, err = run(capsys, "draw", "verify", tmp_path / "CERT.json")
    assert status == 2
    assert CERTIFICATES[case][1] in err
    states = dict(row.split("\t", 1) for row in out.split("\n\n")[0].splitlines())
    assert [name for name, text in states.items() if text.startswith("不符：")] == ["文件形式"]
    assert set(states) == {"文件形式", "证书与他人保存的一致"}
    assert contents(tmp_path) == before


# --- files too large to be documents --------------------------------------------------------------------


def sparse(path: Path) -> Path:
    """A file of a gigabyte that takes no room."""
    with path.open("wb") as file:
        file.truncate(GIGABYTE)
    return path


@pytest.mark.parametrize("option", ["--commitment", "--contributions"])
def test_a_document_of_a_gigabyte_is_not_read(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = lay_out(tmp_path, V1)
    arguments[arguments.index(option) + 1] = sparse(tmp_path / "large.json")
    tracemalloc.start()
    try:
        refusal = refused(capsys, tmp_path, arguments)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < GIGABYTE / 4
    assert TOO_LARGE.search(refusal.sentence)
    assert refusal.code not in {code for _, code, _ in [*CASES.values(), *CERTIFICATES.values()]}


def test_a_certificate_of_a_gigabyte_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sparse(tmp_path / "CERT.json")
    tracemalloc.start()
    try:
        status, out, err = run(capsys, "draw", "verify", path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == 2
    assert peak < GIGABYTE / 4
    assert TOO_LARGE.search(out + err)
    assert contents(tmp_path) == {"CERT.json": GIGABYTE}


# --- the table itself -----------------------------------------------------------------------------------


def test_sentences_end_and_say_what_to_do() -> None:
    for code, entry in catalogue().items():
        if code.startswith("DB-DRAW-"):
            assert entry.zh.endswith("。"), code
            assert entry.act.endswith("。"), code
            assert entry.zh != entry.act
