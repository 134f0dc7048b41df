"""抽取记录: how both draws were held, who contributed, what came out, and who was present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from documents.paper.forms import campaign_facts, department_names
from schemas.campaign import Campaign

TEMPLATE = "draw_record"


class Step(NamedTuple):
    """Something that was done at a draw: when (Shanghai, in words), what, and a digest that fixes it."""

    at: str
    what: str
    digest: str | None = None


class HeldDraw(NamedTuple):
    """One draw: its title, its commitment, its certificate if that may be shown, its steps in order."""

    title: str
    round_no: int
    commitment: Mapping[str, Any]
    certificate: Mapping[str, Any] | None
    digest: str | None
    steps: Sequence[Step]
    names: Mapping[str, str]
    """Object id -> name of what was drawn."""


def draw_record_paper(campaign: Campaign, draws: Sequence[HeldDraw]) -> dict[str, Any]:
    """The data of template `draw_record`.  Without certificate its seed and its reserves are not shown."""
    names = department_names(campaign)
    return {
        "title": f"{campaign.name}抽取记录",
        "campaign": campaign_facts(campaign),
        "draws": [_draw(names, draw) for draw in draws],
        "present": [
            {"unit": campaign_facts(campaign)["office"], "duty": "主持"},
            *(
                {"unit": department.name, "duty": department.role.label + "部门"}
                for department in campaign.departments
            ),
            {"unit": "", "duty": "监督"},
            {"unit": "", "duty": "企业代表"},
            {"unit": "", "duty": "记录"},
        ],
    }


def _draw(names: Mapping[str, str], draw: HeldDraw) -> dict[str, Any]:
    commitment, certificate = draw.commitment, draw.certificate
    values = {} if certificate is None else {c["id"]: c["value"] for c in certificate["contributions"]}
    drawn: list[dict[str, Any]] = []
    strata: list[dict[str, Any]] = []
    replaced: list[dict[str, Any]] = []
    if certificate is not None and commitment["stage"] == "objects":
        strata = [dict(stratum) for stratum in certificate["strata"]]
        drawn = [
            {
                "object_id": w["object_id"],
                "uscc": w["uscc"],
                "stratum": w["stratum"],
                "name": draw.names.get(w["object_id"], ""),
                "ticket": w["ticket"][:16],
            }
            for w in certificate["winners"]
        ]
        replaced = [
            {
                "object_id": r["object_id"],
                "by": r["by"] or "无候补",
                "reason": r["reason"],
                "decided_by": r["decided_by"],
                "name": draw.names.get(r["by"] or "", ""),
            }
            for r in certificate["replacements"]
        ]
    return {
        "title": draw.title,
        "round_no": draw.round_no,
        "frozen_at": commitment["frozen_at"],
        "reveal_by": commitment["reveal_by"],
        "list": _frozen(names, commitment),
        "contributors": [
            {
                "id": names.get(c["id"], c["id"]),
                "kind": "事先密封" if c["kind"] == "sealed" else "公共随机数",
                "seal": c.get("commitment"),
                "not_before": c.get("not_before"),
                "value": values.get(c["id"]),
            }
            for c in commitment["contributors"]
        ],
        "steps": [{"at": s.at, "what": s.what, "digest": s.digest} for s in draw.steps],
        "seed": None if certificate is None else certificate["seed"],
        "digest": draw.digest,
        "strata": strata,
        "drawn": drawn,
        "replaced": replaced,
        "teams": _teams(names, certificate) if certificate is not None else [],
    }


def _frozen(names: Mapping[str, str], commitment: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was frozen: each list with its count and its digest."""
    if commitment["stage"] == "objects":
        eligible = commitment["eligible"]
        return [{"what": f"抽查对象名单 {eligible['count']} 个", "digest": eligible["sha256"]}]
    return [
        {"what": f"受检企业 {commitment['objects']['count']} 户", "digest": commitment["objects"]["sha256"]},
        *(
            {
                "what": f"{names.get(d['code'], d['code'])}执法人员 {d['roster']['count']} 人，"
                f"每户 {d['team']} 人",
                "digest": d["roster"]["sha256"],
            }
            for d in commitment["departments"]
        ),
        {
            "what": f"回避关系 {commitment['forbidden']['count']} 条",
            "digest": commitment["forbidden"]["sha256"],
        },
    ]


def _teams(names: Mapping[str, str], certificate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How many people and enterprises each group has; who they are stands in the roster, not here."""
    if certificate["commitment"]["stage"] != "inspectors":
        return []
    visits: dict[str, int] = {}
    for _, group in certificate["assignment"]:
        visits[str(group)] = visits.get(str(group), 0) + 1
    return [
        {
            "group": group,
            "people": "、".join(
                f"{names.get(code, code)} {len(ids)} 人" for code, ids in sorted(team.items())
            ),
            "visits": visits.get(group, 0),
        }
        for group, team in sorted(certificate["teams"].items(), key=lambda entry: int(entry[0]))
    ]
