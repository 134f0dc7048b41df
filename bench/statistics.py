"""The annex's numbers over a million results: from the ledger, against DuckDB on the same rows.

    python -m bench.statistics [small|full]

`ours` is what `drawbridge report statistics` does with the results: `ledger.results.counted_results`, whose
query lets the database look into each text, and `rules.statistics.annex_table` over what is left.  The ledger
is SQLite on this disk, without keys: into a sealed one no database can look, and each result is opened and
read (`parts_us_per_result` has what making records costs).  DuckDB holds the same rows, with the results as
the same texts, in a file of its own, and counts the same columns in one statement; its answer must be the
same.  `DuckDB, columns`: how fast it is where the members are columns already.  Results a second, wall time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import sqlalchemy as sa

from bench.campaign_plan import PLAN, code_of
from bench.figure import Line, Timing, figure
from ledger.engine import Ledger, open_ledger
from ledger.results import counted_results, results
from ledger.tables import result
from ledger.texts import digest_of
from rules.plan_file import load_campaign
from rules.statistics import AnnexTable, annex_table
from schemas.campaign import Campaign
from schemas.codes import CheckMethod, Disposal, ResultCode, SignatureState
from schemas.result import ItemResult, Visit

SIZES = {"small": 100_000, "full": 1_000_000}
ROUNDS = {"small": 3, "full": 3}
TARGET = 0.3
_AT_ONCE = 10_000
_AT = datetime(2024, 6, 12, 3, 0, tzinfo=UTC)
_ITEMS = (("SW-01", "SW"), ("SC-01", "SC"), ("SC-02", "SC"))
_COUNTED = (
    "problem_items",
    "problem_ents",
    "guided_ents",
    "to_abnormal_list_ents",
    "to_case_ents",
    "qa_ents",
)
# One result in five finds a problem, with what follows from it; of the others one in ten answered questions.
_FOUND = (
    (ResultCode.NOT_PUBLICISED, Disposal.CORRECTION, False),
    (ResultCode.NOT_REACHABLE, Disposal.ABNORMAL_LIST, False),
    (ResultCode.ORDERED_TO_CORRECT, Disposal.GUIDANCE, False),
    (ResultCode.PENDING, Disposal.CASE, False),
    (ResultCode.NOT_PUBLICISED, Disposal.ABNORMAL_LIST, True),
)
_DUCK = """
    WITH said AS (
        SELECT uscc, item_code, dept_code, {code} AS code, {disposal} AS disposal,
               {lapsed} AS lapsed, {guided} AS guided, {answered} AS answered
        FROM result WHERE is_newest)
    SELECT dept_code,
           count(DISTINCT CASE WHEN code NOT IN ('1', '7') THEN uscc || '/' || item_code END),
           count(DISTINCT CASE WHEN code NOT IN ('1', '7') THEN uscc END),
           count(DISTINCT CASE WHEN guided OR disposal = '{guidance}' THEN uscc END),
           count(DISTINCT CASE WHEN (code IN ('3', '4') OR (code = '2' AND lapsed))
                                AND uscc LIKE '9%' THEN uscc END),
           count(DISTINCT CASE WHEN disposal = '{case}' THEN uscc END),
           count(DISTINCT CASE WHEN answered THEN uscc END)
    FROM said GROUP BY GROUPING SETS ((dept_code), ())
"""
_MEMBERS = {
    "code": "code",
    "disposal": "disposal",
    "lapsed": "order_lapsed",
    "guided": "guided",
    "answered": "questions_answered",
}


def result_of(number: int, task_id: str) -> ItemResult:
    """The result that number `number` has: three to an enterprise."""
    enterprise, place = divmod(number, len(_ITEMS))
    item, dept = _ITEMS[place]
    uscc = code_of(enterprise)
    found = number % 5 == 0
    code, disposal, lapsed = (
        _FOUND[number // 5 % len(_FOUND)] if found else (ResultCode.NO_PROBLEM, Disposal.NONE, False)
    )
    return ItemResult(
        result_id=f"{uscc}-{item}",
        task_id=task_id,
        uscc=uscc,
        item_code=item,
        item_name="登记事项检查",
        dept_code=dept,
        code=code,
        problem="检查时发现的情况" if found else None,
        disposal=disposal,
        order_lapsed=lapsed,
        completed_at=_AT,
        entered_at=_AT + timedelta(hours=2),
        guided=disposal is Disposal.GUIDANCE,
        questions_answered=number % 10 == 3,
        inspectors=("SW01", "SW02"),
        visit=Visit(
            agreed_on=_AT.date(),
            arrived_at=_AT - timedelta(hours=1),
            left_at=_AT,
            methods=(CheckMethod.ON_SITE,),
            cert_shown=True,
            signature=SignatureState.SIGNED,
        ),
        updated_at=_AT + timedelta(hours=3),
    )


def fill(ledger: Ledger, other: duckdb.DuckDBPyConnection, task_id: str, count: int, folder: Path) -> None:
    """The same rows into both."""
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file, ledger.write() as tx:
        for start in range(0, count, _AT_ONCE):
            rows = [_row(result_of(number, task_id)) for number in range(start, min(start + _AT_ONCE, count))]
            tx.execute(result.insert(), rows)
            for row in rows:
                shared = {name: row[name] for name in ("uscc", "item_code", "dept_code", "is_newest", "body")}
                file.write(json.dumps(shared, ensure_ascii=False) + "\n")
    other.execute(
        "CREATE TABLE result AS SELECT * FROM read_json(?, columns = {uscc: 'VARCHAR', item_code: 'VARCHAR',"
        " dept_code: 'VARCHAR', is_newest: 'BOOLEAN', body: 'VARCHAR'}, format = 'newline_delimited')",
        [str(folder / "rows.jsonl")],
    )
    members = ", ".join(f"{_looked_into(member)} AS {name}" for name, member in _MEMBERS.items())
    other.execute(
        f"CREATE TABLE wide AS SELECT uscc, item_code, dept_code, is_newest, {members} FROM result"  # noqa: S608
    )
    (folder / "rows.jsonl").unlink()


def _row(one: ItemResult) -> dict[str, object]:
    body = one.model_dump_json()
    return {
        "task_id": one.task_id,
        "result_id": one.result_id,
        "seq_no": 0,
        "result_version": 1,
        "uscc": one.uscc,
        "item_code": one.item_code,
        "dept_code": one.dept_code,
        "is_newest": True,
        "body": body,
        "digest": digest_of(body),
        "updated_at": one.updated_at,
        "recorded_at": one.updated_at,
    }


def _looked_into(member: str) -> str:
    said = f"json_extract_string(body, '$.{member}')"
    return said if member in ("code", "disposal") else f"({said} = 'true')"


def counts_of(table: AnnexTable) -> dict[str, tuple[int, ...]]:
    """Department's code, or all -> what is counted of its results."""
    *departments, county = table.rows
    codes = {"清河县水务局": "SW", "清河县市场监督管理局": "SC"}
    named = [(codes[str(row["report_unit"])], row) for row in departments] + [("all", county)]
    return {code: tuple(int(row[column]) for column in _COUNTED) for code, row in named}


def run(scale: str) -> Iterator[Line]:
    """One line."""
    count = SIZES[scale]
    plan = load_campaign(PLAN.read_bytes(), PLAN.name)
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as place:
        folder = Path(place)
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        with duckdb.connect(str(folder / "other.duckdb")) as other:
            fill(ledger, other, plan.task_id, count, folder)
            yield _measured(ledger, other, plan, count, ROUNDS[scale])
        ledger.close()


def _measured(
    ledger: Ledger, other: duckdb.DuckDBPyConnection, plan: Campaign, count: int, rounds: int
) -> Line:
    codes = {"guidance": Disposal.GUIDANCE.value, "case": Disposal.CASE.value}
    texts = _DUCK.format(**{name: _looked_into(member) for name, member in _MEMBERS.items()}, **codes)
    columns = _DUCK.format(**{name: name for name in _MEMBERS}, **codes).replace("FROM result", "FROM wide")

    def ours() -> dict[str, tuple[int, ...]]:
        with ledger.read() as tx:
            return counts_of(annex_table(plan, [], counted_results(tx, plan.task_id)))

    def theirs(query: str) -> dict[str, tuple[int, ...]]:
        return {row[0] or "all": tuple(row[1:]) for row in other.execute(query).fetchall()}

    if not ours() == theirs(texts) == theirs(columns):
        raise ValueError(f"not the same numbers: {ours()} {theirs(texts)} {theirs(columns)}")
    timing = Timing(
        {"ours": ours, "duckdb": lambda: theirs(texts), "duckdb, columns": lambda: theirs(columns)}, rounds
    )
    mine, duck, wide = (count / timing.median(name) for name in ("ours", "duckdb", "duckdb, columns"))
    return figure(
        "campaign.statistics, the annex's columns of results",
        count,
        mine,
        mine / duck,
        TARGET,
        peers={"DuckDB, the same texts": duck, "DuckDB, columns": wide},
        timing=timing,
        parts_us_per_result=_parts(ledger, plan.task_id, count),
    )


def _parts(ledger: Ledger, task_id: str, count: int) -> dict[str, float]:
    """Where the time goes: the rows' texts read at all; looked into; and records made of a tenth of them."""
    column, found = result.c, {}
    with ledger.read() as tx:
        began = time.perf_counter()
        for _ in tx.execute(sa.select(sa.func.sum(sa.func.length(column.body))).where(column.is_newest)):
            pass
        found["read"] = time.perf_counter() - began
        began = time.perf_counter()
        counted_results(tx, task_id)
        found["read and looked into"] = time.perf_counter() - began
        if count <= SIZES["small"]:
            began = time.perf_counter()
            results(tx, task_id)
            found["made records"] = time.perf_counter() - began
    return {name: round(seconds / count * 1e6, 2) for name, seconds in found.items()}


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
