"""A published plan table as plan files: one for each line, complete or with what is still to be filled in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from connectors.plan_table import PlanTable, read_plan_table
from connectors.protocols import RefusedRow
from documents.markdown import cell
from documents.quarantine import write_quarantine
from documents.whole_file import write_whole
from flows.telling.artifacts import table
from rules.plan_file import check_plan
from rules.plan_rows import Known, ReadRow, read_row
from rules.plan_writer import plan_text
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

COMPLETE, DRAFT = "complete", "draft"
STATES = {COMPLETE: "可用", DRAFT: "待补"}
REPORT, QUARANTINE = "导入报告.md", "隔离行.xlsx"


class Imported(NamedTuple):
    """One line that became a plan file."""

    read: ReadRow
    path: Path
    state: str
    open: tuple[str, ...]


class PlanImport(NamedTuple):
    """What became of a table: read = complete + draft + quarantined."""

    table: PlanTable
    imported: tuple[Imported, ...]
    quarantined: tuple[RefusedRow, ...]

    def facts(self) -> dict[str, Any]:
        """What a program reads."""
        states = [one.state for one in self.imported]
        return {
            "read": len(self.imported) + len(self.quarantined),
            "complete": states.count(COMPLETE),
            "draft": states.count(DRAFT),
            "quarantined": len(self.quarantined),
            "encoding": self.table.encoding,
            "notes": list(self.table.notes),
            "rows": [
                {
                    "row": one.read.row.row_no,
                    "state": one.state,
                    "file": str(one.path),
                    "ratio": None if one.read.ratio is None else one.read.ratio.model_dump(),
                    "frequency": None if one.read.frequency is None else one.read.frequency.model_dump(),
                    "doubts": list(one.read.doubts),
                    "missing": list(one.read.missing),
                    "open": list(one.open),
                }
                for one in self.imported
            ],
        }


def import_plans(source: Path, folder: Path, known: Known) -> PlanImport:
    """Reads the table and writes a plan file for each line, a report, and the refused lines.

    Nothing is overwritten: raises DrawbridgeError DB-CLI-004 before the first file if one is there;
    DB-INPUT-001 to -009 for the table.
    """
    found = read_plan_table(source)
    read: list[ReadRow] = []
    refused = list(found.refused)
    for serial, row in enumerate(found.rows, 1):
        try:
            read.append(read_row(row, known, serial))
        except DrawbridgeError as error:
            refused.append(RefusedRow(row.row_no, error.code, error.zh, found.raws[row.row_no]))
    paths = {one.row.row_no: folder / f"第{one.row.row_no:03d}行.yaml" for one in read}
    _refuse_to_overwrite([*paths.values(), folder / REPORT, folder / QUARANTINE])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=folder, detail=problem(error)) from error
    imported = tuple(_write(source, one, paths[one.row.row_no], found) for one in read)
    result = PlanImport(found, imported, tuple(sorted(refused, key=lambda row: row.row_no)))
    if result.quarantined:
        write_quarantine(
            folder / QUARANTINE, [(r.row_no, r.code, r.reason, r.raw) for r in result.quarantined]
        )
    write_whole(folder / REPORT, _report(source, result).encode("utf-8"))
    return result


def _write(source: Path, one: ReadRow, path: Path, found: PlanTable) -> Imported:
    raw = "；".join(
        f"{title}“{value}”" for title, value in found.raws[one.row.row_no].items() if value not in (None, "")
    )
    remarks = [f"由 {source.name} 第 {one.row.row_no} 行导入。原文：{raw}"]
    remarks += [f"待核：{doubt}" for doubt in one.doubts]
    remarks += [f"待补：{'、'.join(one.missing)}"] if one.missing else []
    text = plan_text(one.document, remarks)
    campaign, problems = check_plan(text, path.name)
    still = () if campaign is not None else tuple(str(problem) for problem in problems)
    write_whole(path, text.encode("utf-8"))
    return Imported(one, path, COMPLETE if one.is_complete and not still else DRAFT, still)


def _refuse_to_overwrite(paths: Sequence[Path]) -> None:
    there = next((path for path in paths if path.exists()), None)
    if there is not None:
        raise DrawbridgeError("DB-CLI-004", path=there, detail="该位置已有同名的文件")


def _report(source: Path, result: PlanImport) -> str:
    """What was read from each line, for people."""
    facts = result.facts()
    rows = [
        (
            one.read.row.row_no,
            STATES[one.state],
            one.path.name,
            one.read.row.ratio or one.read.row.count or "",
            _understood(one.read),
            "；".join([*one.read.doubts, *(f"缺{name}" for name in one.read.missing)]),
        )
        for one in result.imported
    ]
    refused = [(row.row_no, row.code, row.reason) for row in result.quarantined]
    counts = (
        f"读入 {facts['read']} 行 = 可用 {facts['complete']} + 待补 {facts['draft']}"
        f" + 隔离 {facts['quarantined']}（编码 {facts['encoding']}）。"
    )
    parts = [
        f"# 抽查计划表导入报告：{cell(source.name)}",
        counts,
        table(("行", "状态", "文件", "比例原文", "读作", "待核、待补"), rows) if rows else "",
        "## 隔离的行\n\n" + table(("行", "代码", "原因"), refused) if refused else "",
        "\n".join(f"- {cell(note)}" for note in result.table.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _understood(one: ReadRow) -> str:
    """Ratio and frequency as they were read, in words."""
    told = []
    if one.ratio is not None and one.ratio.share is not None:
        told.append(
            ("不低于 " if one.ratio.at_least else "") + f"{float(one.ratio.share):.4%}".replace(".0000", "")
        )
    if one.frequency is not None and one.frequency.per_year is not None:
        told.append(f"{'' if one.frequency.per_year_exact else '不少于 '}{one.frequency.per_year} 次/年")
    ratios = one.document["比例"]
    if isinstance(ratios, dict) and ratios["总体"]:
        told.append(f"写作“{ratios['总体']}”")
    return "，".join(told)
