"""The annex from the ledger: of one campaign or of a year's, by department or township, and explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from documents.statistics_layout import CellName, Heading, coordinate_of, heading_text, resolve_cell
from documents.statistics_table import COUNTED_ONCE
from draw.certificate import parse_certificate
from flows.site import Books
from ledger.campaigns import campaigns
from ledger.draws import round_in_force
from ledger.forms import forms
from ledger.results import counted_results, results
from rules.annex_count import COLUMNS, Evidence, Finding, Inspected, Seat, counted
from rules.calendar import shanghai_date
from rules.statistics import AnnexTable, annex_by_township, annex_of
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.result import ItemResult

TOWNSHIP = "township"
# Positions of the year in a plan's number (domain reference §2.1: division 6, year 4).
_YEAR = slice(6, 10)


class Annex(NamedTuple):
    """A table with what stands above and beneath it; `inspected` are the records it is counted from."""

    heading: Heading
    table: AnnexTable
    notes: tuple[str, ...]
    inspected: tuple[Inspected, ...]
    by: str | None

    @property
    def rows(self) -> list[dict[str, str | int]]:
        """The rows, the county's last, with the columns in their order."""
        return [{key: row[key] for key in COLUMNS} for row in self.table.rows]

    @property
    def codes(self) -> dict[str, str]:
        """Department code -> legal name, where units are departments."""
        return {
            dept.code: dept.name
            for one in self.inspected
            for dept in one.campaign.departments
            if self.by is None
        }


def campaign_annex(
    site: Books, campaign: Campaign, by: str | None = None, *, to_explain: bool = False
) -> Annex:
    """The annex of one campaign. `by`: None for departments, or `TOWNSHIP`; `to_explain`: for `explained`."""
    inspected = (inspected_of(site, campaign, to_explain=to_explain),)
    return _annex(Heading.of(campaign), inspected, by, ())


def year_annex(site: Books, year: int, by: str | None = None, *, to_explain: bool = False) -> Annex:
    """The annex over all tasks of the plans of a year, up to now; as `campaign_annex`.

    Raises DrawbridgeError DB-REPORT-002 if the ledger has none.
    """
    with site.ledger.read() as tx:
        known = campaigns(tx)
    chosen = [one for one in known if plan_year(one) == year]
    if not chosen:
        years = "、".join(str(found) for found in sorted({plan_year(one) for one in known})) or "没有任务"
        raise DrawbridgeError("DB-REPORT-002", year=year, known=years)
    inspected = tuple(inspected_of(site, one, to_explain=to_explain) for one in chosen)
    visits = sum(len(one.forms) for one in inspected)
    findings = sum(
        len({(row.uscc, row.item_code) for row in one.results if row.is_problem}) for one in inspected
    )
    note = f"按次计（同一企业在不同任务中各计一次）：抽查企业 {visits} 户次，发现问题事项 {findings} 项次。"
    heading = Heading.of_year(year, chosen, shanghai_date(site.now()).isoformat())
    return _annex(heading, inspected, by, (note,))


def plan_year(campaign: Campaign) -> int:
    """The year of the annual plan that a campaign belongs to."""
    return int(campaign.plan.plan_id[_YEAR])


def inspected_of(site: Books, campaign: Campaign, *, to_explain: bool) -> Inspected:
    """One campaign's forms, results and people drawn, as recorded; the results whole only to explain."""
    with site.ledger.read() as tx:
        found: Sequence[Finding] = (
            results(tx, campaign.task_id) if to_explain else counted_results(tx, campaign.task_id)
        )
        return Inspected(
            campaign,
            forms(tx, campaign.task_id),
            found,
            _drawn_inspectors(round_certificate(site, campaign)),
        )


def round_certificate(site: Books, campaign: Campaign) -> bytes | None:
    """The certificate of the second draw in force."""
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "inspectors")
    return None if round_ is None else round_.certificate


def explained(annex: Annex, written: str) -> dict[str, Any]:
    """The number that `written` names, and each thing that it counts with the records behind it.

    `annex` was counted `to_explain`.
    Raises DrawbridgeError DB-REPORT-001 with near names.
    """
    cell = resolve_cell(written, annex.table.units, annex.codes)
    names, items = _names(annex.inspected)
    found = counted(annex.table.selections[annex.table.units.index(cell.unit)], cell.column)
    return {
        "cell": coordinate_of(cell, annex.table.units),
        "unit": cell.unit,
        "column": cell.column,
        "heading": COLUMNS[cell.column],
        "count": len(found),
        "counted": [
            {
                "what": "　".join(_called(cell, part, names, items) for part in key),
                "key": list(key),
                "records": [_record(one) for one in records],
            }
            for key, records in sorted(found.items())
        ],
    }


def explanation_line(facts: dict[str, Any]) -> str:
    """What the number is, as a person reads it."""
    name = heading_text(facts["column"])
    return f"{facts['unit']} {name}（{facts['cell']}）：{facts['count']}，依据如下"


def _annex(heading: Heading, inspected: tuple[Inspected, ...], by: str | None, more: Sequence[str]) -> Annex:
    table = annex_by_township(inspected) if by == TOWNSHIP else annex_of(inspected)
    first = (
        "户数按住所所在乡镇（街道）计，每户只计一次；执法人员在所到的各乡镇分别计入，合计行只计一次。"
        if by == TOWNSHIP
        else COUNTED_ONCE
    )
    return Annex(heading, table, (first, *more), inspected, by)


def _drawn_inspectors(certificate: bytes | None) -> dict[str, list[str]]:
    """Inspectors of the draw by department, substitutes included (domain reference §6 point 15)."""
    found: dict[str, list[str]] = {}
    if certificate is None:
        return found
    document = parse_certificate(certificate, "inspectors")
    for seat in [*document["substitutes"], *document["seat_replacements"]]:
        if seat["by"] is not None:
            found.setdefault(seat["department"], []).append(seat["by"])
    for team in document["teams"].values():
        for code, members in team.items():
            found.setdefault(code, []).extend(members)
    return found


def _names(inspected: Sequence[Inspected]) -> tuple[dict[str, str], dict[str, str]]:
    """USCC or inspector id -> name as on the newest form; item code -> its name."""
    names: dict[str, str] = {}
    items: dict[str, str] = {}
    for one in inspected:
        for form in one.forms:
            names[form.uscc] = form.ent_name
            names |= {person.inspector_id: person.name for person in form.inspectors}
            items |= {item.item_code: item.item_name for item in form.items}
        names |= {row.uscc: names.get(row.uscc, row.uscc) for row in one.results}
        items |= {row.item_code: row.item_name for row in one.results if isinstance(row, ItemResult)}
    return names, items


def _called(cell: CellName, part: str, names: dict[str, str], items: dict[str, str]) -> str:
    if cell.column == "problem_items" and part in items:
        return items[part]
    return names.get(part, part)


def _record(evidence: Evidence) -> dict[str, Any]:
    """One record: where it is, and what it says that counts."""
    if isinstance(evidence, InspectionForm):
        return {"record": "一企一表", "id": evidence.form_no, "task": evidence.task_id}
    if isinstance(evidence, Seat):
        on_form = evidence.form is not None
        return {
            "record": "一企一表" if on_form else "抽取证书-人员",
            "id": evidence.form.form_no if evidence.form else evidence.task_id,
            "task": evidence.task_id,
            "department": evidence.dept_code,
        }
    if not isinstance(evidence, ItemResult):
        raise TypeError("the annex was not counted to be explained")
    return {
        "record": "抽查结果",
        "id": evidence.result_id,
        "task": evidence.task_id,
        "department": evidence.dept_code,
        "item": evidence.item_name,
        "result": evidence.code.label,
        "disposal": evidence.disposal.label,
        "guided": evidence.guided,
        "questions_answered": evidence.questions_answered,
        "order_lapsed": evidence.order_lapsed,
        "completed_on": shanghai_date(evidence.completed_at).isoformat(),
    }
