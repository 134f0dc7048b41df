"""The winners by SQL alone: what verifier/queries/ prints is what the certificates say."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from draw.canonical import canonical
from draw.commitment import Public, Round, Sealed, build_objects_commitment
from draw.compute import compute_objects
from draw.frozen import freeze_objects
from draw.seed import seal
from tests.draw.vectors import VECTORS
from tests.verifier import corpus

QUERIES = Path(__file__).parents[2] / "verifier" / "queries"
COLUMNS = ("object_id", "ticket", "stratum", "uscc")

ENTERPRISES = Path(__file__).parents[2].parent / "shared" / "data" / "qinghe_enterprises.csv"

Row = tuple[str, str, str]
Winners = list[tuple[str, ...]]


def _drawn(name: str, rows: list[Row], strata: list[tuple[str, str]], ratio: str) -> corpus.Case:
    """A certificate of these objects (id, stratum, uscc), drawn by the project itself."""
    frozen = freeze_objects(rows, [stratum for stratum, _ in strata])
    commitment = build_objects_commitment(
        frozen,
        campaign="c",
        ratio=ratio,
        strata=strata,
        frozen_at="2024-05-28T09:00:00+08:00",
        reveal_by="2024-05-29T17:00:00+08:00",
        contributors=[
            Public("期", "2024-05-30T08:31:00+08:00", "一个数", "^[0-9]{2}$"),
            Sealed("甲局", seal("c", "objects", 1, "甲局", "ab" * 32)),
        ],
        round_=Round(),
    )
    eligible = frozen.files["eligible.tsv"]
    certificate = compute_objects(commitment, {"甲局": "ab" * 32, "期": "42"}, eligible)
    return corpus.Case(name, certificate, {"eligible": eligible})


def _odd() -> corpus.Case:
    """Ids and strata of everything that a reader of tables might take for something else."""
    odd = [
        '"',
        '""',
        '"a',
        'a"b"',
        "'",
        "\\",
        "\\t",
        "\\.",
        "\\N",
        "NULL",
        "null",
        "#x",
        "a,b",
        "a;b",
        "0012",
        "1e3",
    ]
    odd += ["true", "2024-05-28", "𠮷", "ﬀ", "é", "企业", "%s", "$1", ":seed", "--", "{}", "a  b", "|", "²"]
    strata = ['"甲"', "乙's \\ B", "NULL"]
    rows = [(one, strata[number % 3], one) for number, one in enumerate(odd)]
    rows += [(f"{number}", strata[number % 3], f"{number // 2}") for number in range(100)]
    return _drawn("odd", rows, list(zip(strata, ["0.07", "0.29", "0.5"], strict=True)), "0.7")


def _real_codes() -> list[corpus.Case]:
    """V6, where its enterprises are at hand; `odd` and the random strata are its twins."""
    if not ENTERPRISES.is_file():
        return []
    with ENTERPRISES.open(encoding="utf-8", newline="") as file:
        codes = [row["统一社会信用代码"] for row in csv.DictReader(file)]
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    rows = [(code, "ABCD"[alphabet.index(code[16]) // 8], code) for code in codes]
    eligible = freeze_objects(rows, "ABCD").files["eligible.tsv"]
    certificate = compute_objects(canonical(VECTORS["V6"]["commitment"]), VECTORS["V6"]["values"], eligible)
    return [corpus.Case("V6", certificate, {"eligible": eligible})]


def _cases() -> list[corpus.Case]:
    return [*(case for case in corpus.honest() if "eligible" in case.files), _odd(), *_real_codes()]


CASES = pytest.mark.parametrize("case", _cases(), ids=lambda case: case.name)


def _expected(case: corpus.Case) -> Winners:
    return [tuple(winner[name] for name in COLUMNS) for winner in json.loads(case.certificate)["winners"]]


def _parameters(case: corpus.Case) -> dict[str, str]:
    certificate = json.loads(case.certificate)
    commitment = certificate["commitment"]
    strata = json.dumps(commitment["strata"], ensure_ascii=False)
    return {"seed": certificate["seed"], "ratio": commitment["ratio"], "strata": strata}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _edited(query: str, line: str, values: dict[str, str]) -> str:
    """The query after somebody has put these literals into the lines at its top."""
    for name, literal in values.items():
        lines = query.split("\n")
        (place,) = [number for number, text in enumerate(lines) if text.startswith(line.format(name))]
        query = "\n".join([*lines[:place], line.format(name) + literal, *lines[place + 1 :]])
    return query


@CASES
def test_duckdb_lists_the_winners(case: corpus.Case, tmp_path: Path) -> None:
    (tmp_path / "eligible.tsv").write_bytes(case.files["eligible"])
    values = {"eligible": str(tmp_path / "eligible.tsv"), **_parameters(case)}
    literals = {name: _quoted(value) + ";" for name, value in values.items()}
    query = _edited((QUERIES / "winners.duckdb.sql").read_text("utf-8"), "SET VARIABLE {} = ", literals)
    with duckdb.connect() as connection:
        assert connection.execute(query).fetchall() == _expected(case)


@CASES
def test_postgresql_lists_the_winners(case: corpus.Case, postgres_url: str) -> None:
    """As psql would: the variables put in, the file sent by COPY with the options that \\copy names."""
    query = re.sub(r"(?m)^\\set .*$", "", (QUERIES / "winners.postgresql.sql").read_text("utf-8"))
    load = re.search(r"(?m)^\\copy listed FROM 'eligible.tsv' (WITH .*)$", query)
    assert load
    before, after = query[: load.start()], query[load.end() :]
    for name, value in _parameters(case).items():
        assert f":'{name}'" in after
        after = after.replace(f":'{name}'", _quoted(value))
    with psycopg.connect(
        make_url(postgres_url).set(drivername="postgresql").render_as_string(False)
    ) as connection:
        connection.execute(before)
        with connection.cursor().copy(f"COPY listed FROM STDIN {load[1]}") as copy:
            copy.write(case.files["eligible"])
        rows = connection.execute(after).fetchall()
        connection.rollback()
    assert rows == _expected(case)


@pytest.mark.skipif(not shutil.which("psql"), reason="no psql on this machine")
def test_psql_runs_the_file_as_it_stands(postgres_url: str, tmp_path: Path) -> None:
    url = make_url(postgres_url)
    address = make_conninfo(url.set(drivername="postgresql").render_as_string(False))
    for case in (corpus.named("V1"), _odd()):
        (tmp_path / "eligible.tsv").write_bytes(case.files["eligible"])
        literals = {name: _quoted(value.replace("\\", "\\\\")) for name, value in _parameters(case).items()}
        query = _edited((QUERIES / "winners.postgresql.sql").read_text("utf-8"), "\\set {} ", literals)
        (tmp_path / "winners.sql").write_text(query, "utf-8")
        command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", address]
        ran = subprocess.run(
            [*command, "-f", "winners.sql"], cwd=tmp_path, capture_output=True, check=True, timeout=60
        )
        lines = ran.stdout.decode().removesuffix("\n").split("\n")
        assert [tuple(line.split("\t")) for line in lines] == _expected(case)


def test_the_files_carry_the_first_vector_as_their_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = corpus.named("V1")
    (tmp_path / "eligible.tsv").write_bytes(case.files["eligible"])
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as connection:
        query = (QUERIES / "winners.duckdb.sql").read_text("utf-8")
        assert connection.execute(query).fetchall() == _expected(case)


def test_seats_of_random_strata(tmp_path: Path) -> None:
    """Ratios and sizes by chance, many seats beyond the minima: the rule of §3.2 itself, not one near it."""
    chance = random.Random(11)
    query = (QUERIES / "winners.duckdb.sql").read_text("utf-8")
    for number in range(40):
        strata = [f"层{place}" for place in range(chance.randint(1, 6))]
        rows = [(f"{one:03d}", chance.choice(strata), "u") for one in range(chance.randint(0, 90))]
        ratios = [chance.choice(["1", "0.5", "0.000001", f"0.{chance.randint(1, 99):02d}"]) for _ in strata]
        ratio = chance.choice(["1", "0.333333", f"0.{chance.randint(1, 99):02d}"])
        case = _drawn(f"random {number}", rows, list(zip(strata, ratios, strict=True)), ratio)
        (tmp_path / "eligible.tsv").write_bytes(case.files["eligible"])
        values = {"eligible": str(tmp_path / "eligible.tsv"), **_parameters(case)}
        edited = _edited(query, "SET VARIABLE {} = ", {name: _quoted(v) + ";" for name, v in values.items()})
        with duckdb.connect() as connection:
            assert connection.execute(edited).fetchall() == _expected(case), case.name
