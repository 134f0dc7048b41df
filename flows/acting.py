"""What operators ask for about publications, in the UI: the same acts as `drawbridge publish`.

The run waits with a form and, when it is filled in rightly, the act waits for a second person, as a form of
its own (`flows.todo`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from prefect import flow

from documents.markdown import cell
from flows.collect import STAGE as COLLECT
from flows.decisions.approving import role_of
from flows.decisions.asking import ask_until_right
from flows.decisions.deciding import campaign_called
from flows.decisions.evidence import evidence_now
from flows.decisions.operating import (
    ACTS,
    ask_correct,
    ask_resolve,
    ask_take_over,
    ask_withdraw,
    parked_by_enterprise,
)
from flows.decisions.todo_forms import ActForm
from flows.exchange.publishing import OPEN_STATES, RECORD, STATES, Standing, standing_of
from flows.site import Site, open_site
from flows.stage import heard, perform
from flows.telling.artifacts import table, write_artifact
from flows.telling.shown_names import name_and_code, shown_name
from ledger.acts import Act, acts
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_PATIENCE_S = 7 * 24 * 3600
"""How long an empty form is kept: whoever opened it has forgotten it by then."""

Ask = Callable[[Site, Campaign, ActForm, str], Act]


def _correct(site: Site, campaign: Campaign, form: ActForm, role: str) -> Act:
    perform(site, campaign, COLLECT)  # what the platform says now is what goes out
    return ask_correct(site, campaign, form.enterprise, form.reason, form.approver, role)


def _resolve(site: Site, campaign: Campaign, form: ActForm, receipt_no: str | None, role: str) -> Act:
    return ask_resolve(site, campaign, RECORD, form.enterprise, receipt_no, form.reason, form.approver, role)


_ASK: dict[str, tuple[bool, Ask]] = {
    "撤回": (False, lambda site, c, f, role: ask_withdraw(site, c, f.enterprise, f.reason, f.approver, role)),
    "更正": (False, _correct),
    "核定已公示": (True, lambda site, c, f, role: _resolve(site, c, f, f.receipt, role)),
    "核定未公示": (False, lambda site, c, f, role: _resolve(site, c, f, None, role)),
    "接管": (
        True,
        lambda site, c, f, role: ask_take_over(site, c, f.enterprise, f.receipt, f.reason, f.approver, role),
    ),
}
"""What is asked for -> whether a receipt number belongs to it, and how it is asked for."""


def record_request(site: Site, campaign: Campaign, form: ActForm) -> str:
    """Records what the form asks for; returns what to tell the operator.

    Raises DrawbridgeError DB-ACT-008 for a receipt number too few or too many, and as the acts of
    `flows.decisions.operating` and `flows.decisions.approving.role_of` do.
    """
    needs_receipt, ask = _ASK[form.act]
    form = form.model_copy(
        update={name: getattr(form, name).strip() for name in ("enterprise", "receipt", "reason")}
    )
    if bool(form.receipt) != needs_receipt:
        raise DrawbridgeError("DB-ACT-008")
    role = role_of(site.ledger, form.approver, form.code)
    act = ask(site, campaign, form, role)
    return f"已申请{ACTS[act.kind]}（编号 {act.act_no}），由另一位审批人在“待办”中批准。"


@flow(
    name="request-act",
    description="申请撤回、更正、核定或接管一户的公示。在本页填写（Resume）；另一位审批人批准后，下一次报送时办理。",
    flow_run_name="公示办理 · {campaign}",
    persist_result=True,
)
def request_act(campaign: str) -> str:
    """Suspends until the form is filled in rightly."""

    def describe(site: Site) -> tuple[Campaign, str]:
        chosen = campaign_called(site, campaign)
        return chosen, publication_text(site, chosen, standing_of(site, chosen))

    said = ask_until_right(ActForm, "act", _PATIENCE_S, describe, record_request) or ""
    with heard(), open_site() as site:
        chosen = campaign_called(site, campaign)
    write_artifact(f"act-{chosen.task_id}", f"# 公示办理\n\n{chosen.name}\n\n{said}\n", "公示办理")
    return said


@flow(
    name="show-publication",
    description="各户公示到哪一步；结果不明的列出依据和公示系统现在的回答。只读。",
    flow_run_name="公示情况 · {campaign}",
)
def show_publication(campaign: str) -> dict[str, int]:
    """The same as `drawbridge publish status`, as an artifact; returns records by state."""
    with heard(), open_site() as site:
        chosen = campaign_called(site, campaign)
        standing = standing_of(site, chosen)
        text = publication_text(site, chosen, standing)
        counts = Counter(one.state for one in standing)
    write_artifact(f"publication-{chosen.task_id}", f"# 公示情况\n\n{chosen.name}\n\n{text}\n", "公示情况")
    return dict(counts)


def publication_text(site: Site, campaign: Campaign, standing: Sequence[Standing]) -> str:
    """Markdown: records by state, the open ones with why, the evidence of the unclear ones, open requests."""
    counts = Counter(one.state for one in standing)
    parts = [
        "　".join(f"{label} {counts[key]}" for key, label in STATES.items() if counts[key]) or "还没有表单"
    ]
    rows = [
        (shown_name(one.uscc, one.ent_name), one.uscc, STATES[one.state], one.reason or "")
        for one in standing
        if one.state in OPEN_STATES
    ]
    if rows:
        parts.append(table(("企业", "代码", "情况", "原因"), rows))
    unclear = parked_by_enterprise(site, campaign, RECORD)
    for one in standing:
        if one.state == "parked":
            lines = "\n".join(f"- {line}" for line in evidence_now(site, unclear[one.uscc]))
            parts.append(f"**结果不明** {cell(name_and_code(one.uscc, one.ent_name))}\n\n{lines}")
    with site.ledger.read() as tx:
        waiting = [act for act in acts(tx, campaign.task_id) if act.allowed_by is None]
    if waiting:
        asked = [(act.act_no, ACTS[act.kind], act.key, act.asked_role, act.reason) for act in waiting]
        parts.append("等待第二人审批\n\n" + table(("编号", "事项", "记录", "申请", "理由"), asked))
    return "\n\n".join(parts)
