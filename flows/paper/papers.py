"""The papers of a campaign: which there are, where they are put, who may see them.

Everything but the roster lies in the campaign's folder; what holds telephones lies in a folder that its
owner alone can enter, and the audit chain says each time that it was taken.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from documents.inspection_forms import write_inspection_forms
from documents.paper import draw_record, forms, groups, letters, slips
from documents.paper.press import PressSettings
from documents.paper.run import Job, Printed, Progress, print_all
from documents.whole_file import write_whole
from flows.paper.facts import Papers, held_draws, items_handed_in, papers_of, public_draw
from flows.settings import load_settings
from flows.site import Books
from ledger.audit import append
from ledger.forms import forms as recorded_forms
from ledger.forms import forms_digest
from schemas.campaign import Campaign
from schemas.codes import DrawMode
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm

FORMS, SLIPS, LETTERS, GROUPS = "forms", "slips", "letters", "groups"
TITLES = {FORMS: "一企一表", SLIPS: "抽中说明", LETTERS: "文书", GROUPS: "分组名册"}

RESTRICTED = "限制查阅"
"""The folder of what holds telephone numbers: 0700, its files 0600."""

_NOT_YET = "DB-PAPER-004"
_REGISTER = ".papers.json"
_WORKBOOK = "一企一表.xlsx"
# Which forms the workbook was written from: `forms_digest`.
_WORKBOOK_NOTE = ".workbook-of"
_NAME_LENGTH = 45  # with the rest, below the 255 bytes that a file name may have
_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@dataclass(frozen=True)
class Order:
    """What to print: the jobs, and under which title which folder or file is told to people."""

    jobs: list[Job] = field(default_factory=list)
    told: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """What was printed: how many papers, how many of them anew, where they are, what was left out and why."""

    papers: int
    anew: int
    paths: dict[str, Path]
    notes: list[str]


@dataclass(frozen=True)
class StagePapers:
    """What a stage printed: title -> folder or file; and what it could not print, in words."""

    paths: dict[str, Path]
    problems: list[str]


def press_settings(site: Books) -> PressSettings:
    """The press as the settings have it; the office's templates are in 文书模板 unless it says elsewhere."""
    settings = load_settings()
    return PressSettings(settings.templates or site.home.root / "文书模板", settings.fonts, settings.families)


def print_papers(
    site: Books,
    campaign: Campaign,
    kind: str,
    *,
    progress: Progress | None = None,
    filled: bool = False,
    within_days: int = letters.CORRECT_WITHIN_DAYS,
) -> Done:
    """Prints one kind of papers; what is printed already from the same data is left as it is.

    `filled`: forms with the results on record in their boxes, in a folder of their own; `within_days`:
    calendar days of an order to correct.  Raises DrawbridgeError DB-PAPER-001 to -004, DB-CLI-004.
    """
    papers = papers_of(site, campaign)
    order = {
        FORMS: lambda: _forms(site, campaign, papers, filled=filled),
        SLIPS: lambda: _slips(site, campaign, papers),
        LETTERS: lambda: _letters(site, campaign, papers, within_days),
        GROUPS: lambda: _groups(site, campaign, papers),
    }[kind]()
    register = site.home.campaign_folder(campaign.task_id) / _REGISTER
    printed = print_all(order.jobs, press_settings(site), register=register, progress=progress)
    if kind == GROUPS and printed.paths:
        _note_taken(site, campaign, printed)
    return Done(len(printed.paths), printed.anew, order.told, order.notes)


def print_after(site: Books, campaign: Campaign, kinds: Sequence[str]) -> StagePapers:
    """What a stage prints of these kinds, by the setting DRAWBRIDGE_PAPERS; what is too early is left out.

    Returns title -> folder or file, and what went wrong: a font that is missing must not stop a campaign.
    """
    wanted = load_settings().papers.split(",")
    found: dict[str, Path] = {}
    problems: list[str] = []
    for kind in kinds:
        if kind in wanted and (kind != SLIPS or campaign.draw is DrawMode.PERFORM):
            try:
                found |= print_papers(site, campaign, kind).paths
            except DrawbridgeError as error:
                if error.code != _NOT_YET:
                    problems.append(f"{TITLES[kind]}没有打印：{error}")
    return StagePapers(found, problems)


def write_workbook(site: Books, campaign: Campaign) -> Path:
    """The recorded forms as one XLSX, a sheet each, for whoever wants to change them before printing."""
    with site.ledger.read() as tx:
        recorded = recorded_forms(tx, campaign.task_id)
    path = site.home.campaign_folder(campaign.task_id) / _WORKBOOK
    write_inspection_forms(path, campaign, recorded)
    return path


def write_papers(site: Books, campaign: Campaign, more: Sequence[str] = ()) -> StagePapers:
    """The forms as PDF, by enterprise and by group, and as XLSX; and what else a stage prints."""
    printed = print_after(site, campaign, [FORMS, *more])
    return StagePapers({"一企一表": _workbook_in_force(site, campaign), **printed.paths}, printed.problems)


def _workbook_in_force(site: Books, campaign: Campaign) -> Path:
    """The workbook of the forms; one that was written from the same forms is left as it is.

    Of thousands of forms it takes minutes, and who has filled it in does not want it emptied.
    """
    with site.ledger.read() as tx:
        digest = forms_digest(tx, campaign.task_id)
    folder = site.home.campaign_folder(campaign.task_id)
    path, note = folder / _WORKBOOK, folder / _WORKBOOK_NOTE
    if not (path.is_file() and note.is_file() and note.read_text("ascii", "replace") == digest):
        write_workbook(site, campaign)
        write_whole(note, digest.encode())
    return path


def destroy_groups(site: Books, campaign: Campaign) -> list[str]:
    """Removes roster and hand-over sheet when their time is over; the audit chain keeps that they were."""
    folder = _folder(site, campaign, RESTRICTED)
    removed = sorted(path.name for path in folder.iterdir() if path.is_file())
    for name in removed:
        (folder / name).unlink()
    with site.ledger.write() as tx:
        append(tx, "group-sheet-destroyed", campaign.task_id, {"files": removed}, site.now())
    return removed


def _forms(site: Books, campaign: Campaign, papers: Papers, *, filled: bool) -> Order:
    """One PDF per enterprise, and one per group in visiting order."""
    folder = "一企一表（已录入）" if filled else "一企一表"
    single, merged = _folder(site, campaign, folder), _folder(site, campaign, folder, "按组合订")
    results = papers.results if filled else None
    visits = [form for form in papers.forms if not filled or papers.results.get(form.uscc)]
    places = forms.places_in_groups(papers.forms)

    def data(some: list[InspectionForm]) -> dict[str, object]:
        return forms.form_paper(campaign, some, papers.owners, results, places)

    jobs = [
        Job(single / _file(form, f"第{form.group:02d}组"), forms.TEMPLATE, data([form])) for form in visits
    ]
    by_group: dict[int, list[InspectionForm]] = {}
    for form in visits:
        by_group.setdefault(form.group, []).append(form)
    for group, some in sorted(by_group.items()):
        jobs.append(Job(merged / f"第{group:02d}组（{len(some)}户）.pdf", forms.TEMPLATE, data(some)))
    _clear(single, jobs)
    _clear(merged, jobs)
    return Order(jobs, {f"{folder}（PDF）": single, f"{folder}（PDF，按组合订）": merged} if jobs else {})


def _slips(site: Books, campaign: Campaign, papers: Papers) -> Order:
    title = "为什么抽到我"
    if campaign.draw is not DrawMode.PERFORM:
        raise DrawbridgeError("DB-PAPER-004", paper=title, detail="本次由省级平台抽取，没有可核验的票号")
    draw = public_draw(site, campaign)
    if draw is None:
        raise DrawbridgeError(
            "DB-PAPER-004", paper=title, detail="首批异议处理完毕前，随机种子和候补次序不公开"
        )
    folder = _folder(site, campaign, title)
    url = load_settings().verifier_url
    jobs = [
        Job(folder / _file(form), slips.TEMPLATE, slips.slip_paper(campaign, form, draw, url))
        for form in papers.forms
        if any(one.object_id in draw.objects for one in form.objects)
    ]
    _clear(folder, jobs)
    notes = [] if url else ["没有设置 DRAWBRIDGE_VERIFIER_URL：说明上没有核验页面的二维码。"]
    return Order(jobs, {title: folder} if jobs else {}, notes)


def _letters(site: Books, campaign: Campaign, papers: Papers, within_days: int) -> Order:
    """公告, 抽取记录, 线索移送清单; per enterprise 检查通知书 with 材料清单, 责令改正通知书."""
    order = Order()
    folder = _folder(site, campaign, "文书")

    def add(title: str, template: str, data: dict[str, object]) -> None:
        order.jobs.append(Job(folder / f"{title}.pdf", template, data))
        order.told[title] = folder / f"{title}.pdf"

    items = items_handed_in(site, campaign)
    add("公告", letters.ANNOUNCEMENT, letters.announcement_paper(campaign, items))
    draws = held_draws(site, campaign)
    if draws:
        add("抽取记录", draw_record.TEMPLATE, draw_record.draw_record_paper(campaign, draws))
    by_uscc = {form.uscc: form for form in papers.forms}
    results = [row for rows in papers.results.values() for row in rows]
    if results:
        add("线索移送清单", letters.TRANSFERS, letters.transfers_paper(campaign, by_uscc, results))
    notices = _folder(site, campaign, "文书", "检查通知书和材料清单")
    orders = _folder(site, campaign, "文书", "责令改正通知书")
    several = [
        Job(
            notices / _file(form),
            letters.NOTICE,
            letters.notice_paper(campaign, form, papers.owners.get(form.uscc, forms.Owner())),
        )
        for form in papers.forms
    ]
    for (uscc, dept_code), rows in letters.orders_of(results).items():
        form = by_uscc[uscc]
        data = letters.rectification_paper(
            campaign, form, papers.owners.get(uscc, forms.Owner()), rows, papers.items, within_days
        )
        several.append(Job(orders / _file(form, more=f"-{dept_code}"), letters.RECTIFICATION, data))
    for title, where in (("检查通知书和材料清单", notices), ("责令改正通知书", orders)):
        _clear(where, several)
        if any(job.path.parent == where for job in several):
            order.told[title] = where
    order.jobs.extend(several)
    return order


def _groups(site: Books, campaign: Campaign, papers: Papers) -> Order:
    if not papers.forms:
        raise DrawbridgeError("DB-PAPER-004", paper="分组名册", detail="还没有匹配人员")
    folder = _folder(site, campaign, RESTRICTED)
    folder.chmod(0o700)
    data = groups.groups_paper(campaign, papers.forms, papers.mobiles, site.now().date())
    jobs = [
        Job(folder / "分组名册.pdf", groups.GROUPS, data),
        Job(folder / "分组情况移交单.pdf", groups.HANDOVER, data),
    ]
    kept = groups.kept_until(campaign).isoformat()
    destroyed_by = f"drawbridge report groups {campaign.task_id} --destroy"
    return Order(
        jobs,
        {"分组名册（限制查阅）": jobs[0].path, "分组情况移交单（限制查阅）": jobs[1].path},
        [f"含姓名和电话，只供本次抽查使用；{kept} 前用 {destroyed_by} 销毁。"],
    )


def _note_taken(site: Books, campaign: Campaign, printed: Printed) -> None:
    """That the roster was taken, on the audit chain: what it was, never whom it names."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in printed.paths}
    facts = {"files": files, "anew": printed.anew, "kept_until": groups.kept_until(campaign).isoformat()}
    with site.ledger.write() as tx:
        append(tx, "group-sheet-taken", campaign.task_id, facts, site.now())


def _folder(site: Books, campaign: Campaign, *parts: str) -> Path:
    return site.home.folder(campaign.task_id, *parts)


def _file(form: InspectionForm, before: str = "", more: str = "") -> str:
    """A file name that sorts by the form's number and says whose it is; the code keeps namesakes apart."""
    name = form.ent_name[:_NAME_LENGTH]
    parts = (before, form.form_no[-4:], name, f"{form.uscc}{more}")
    return _NOT_IN_FILE_NAMES.sub("_", "-".join(part for part in parts if part)) + ".pdf"


def _clear(folder: Path, jobs: Sequence[Job]) -> None:
    """Takes away papers of a former edition that are not among the jobs: nobody prints them by mistake."""
    wanted = {job.path for job in jobs}
    for path in folder.glob("*.pdf"):
        if path not in wanted:
            path.unlink()
