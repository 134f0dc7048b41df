"""Who can be drawn: every object of the directory is eligible, or left out by a rule with a name.

The choices of domain reference §6, points 8 and 9: what a source does not say is not invented,
so an object of unknown state, place or tag stays in, with a notice; where an object lies is said
by its place, never by the prefix of a code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from rules.ratios import share_for
from schemas.campaign import Campaign
from schemas.codes import RegistrationState, RiskGrade
from schemas.directory import Entity, ProjectObject

AnyObject = Entity | ProjectObject

_GONE = frozenset(
    {
        RegistrationState.DEREGISTERED,
        RegistrationState.REVOKED,
        RegistrationState.ANNULLED,
        RegistrationState.MOVED_OUT,
    }
)


class Eligible(NamedTuple):
    """A line of eligible.tsv (draw-spec.md §2)."""

    object_id: str
    stratum: str
    uscc: str


@dataclass(frozen=True)
class Excluded:
    """An object that is left out: `rule` is the rule's name for programs, `reason` for people."""

    object_id: str
    ent_name: str
    rule: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Notice:
    """An eligible object of which the directory does not say everything."""

    object_id: str
    text: str


@dataclass(frozen=True)
class Eligibility:
    """`eligible` + `excluded` are all objects, each once; both in the order of the ids."""

    eligible: tuple[Eligible, ...]
    excluded: tuple[Excluded, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class _Context:
    campaign: Campaign
    today: date
    earlier: Mapping[str, int]
    names: Mapping[str, frozenset[str]]


Rule = Callable[[AnyObject, _Context], str | None]


def decide(
    objects: Sequence[AnyObject], campaign: Campaign, today: date, earlier: Mapping[str, int]
) -> Eligibility:
    """Sorts all objects into eligible and excluded; the first rule that applies gives the reason.

    `today` is a Shanghai date; `earlier`: object id or USCC -> number of other campaigns of this year in
    which it was drawn.
    """
    names: dict[str, set[str]] = {}
    for row in objects:
        names.setdefault(row.uscc, set()).add(row.ent_name)
    context = _Context(
        campaign, today, earlier, {uscc: frozenset(written) for uscc, written in names.items()}
    )
    eligible: list[Eligible] = []
    excluded: list[Excluded] = []
    notices: list[Notice] = []
    for row in sorted(objects, key=lambda one: one.object_id):
        left_out = _left_out(row, context)
        if left_out is not None:
            excluded.append(left_out)
            continue
        eligible.append(Eligible(row.object_id, stratum_of(row, campaign), row.uscc))
        notices += [Notice(row.object_id, text) for text in _unsaid(row, campaign)]
    return Eligibility(tuple(eligible), tuple(excluded), tuple(notices))


LEAST_SHARE = "0.000001"
"""The smallest ratio that there is: one object of each stratum that has any."""


def strata_for(campaign: Campaign) -> list[tuple[str, str]]:
    """The strata with their ratios as draw-spec.md writes them: every grade, then the unrated ones.

    A grade that the plan does not name is drawn at the overall ratio; so are the unrated
    (domain reference §6 point 8).  Where the plan has a number of objects only (`20户`), one of each grade
    is the least, and the rest of the number goes to the grades in proportion (draw-spec.md §3.2).
    """
    overall = campaign.ratio.share or LEAST_SHARE
    strata = []
    for grade in RiskGrade:
        written = campaign.risk_ratios.get(grade)
        strata.append((grade.label, (written.share if written is not None else None) or overall))
    return strata


def overall_ratio(campaign: Campaign, eligible: int) -> str:
    """The least share of all eligible objects: as written, or what the written number of objects needs."""
    share = campaign.ratio.share or LEAST_SHARE
    if campaign.ratio.minimum is None or eligible == 0:
        return share
    needed = share_for(max(1, min(campaign.ratio.minimum, eligible)), eligible)
    return max(share, needed, key=Fraction)


def stratum_of(row: AnyObject, campaign: Campaign) -> str:
    """The stratum of one object: its grade of credit risk."""
    return row.risk_grade.label


def _left_out(row: AnyObject, context: _Context) -> Excluded | None:
    for name, reason, rule in RULES:
        detail = rule(row, context)
        if detail is not None:
            return Excluded(row.object_id, row.ent_name, name, reason, detail)
    return None


def _kind(row: AnyObject, context: _Context) -> str | None:
    wanted = context.campaign.object_kind
    return None if row.kind is wanted else f"是{row.kind.label}，本次抽查{wanted.label}"


def _two_names(row: AnyObject, context: _Context) -> str | None:
    """A result could be published under the wrong one of them."""
    written = context.names[row.uscc]
    return "、".join(sorted(written)) if len(written) > 1 else None


def _state(row: AnyObject, context: _Context) -> str | None:
    return row.reg_state.label if row.reg_state in _GONE else None


def _validity(row: AnyObject, context: _Context) -> str | None:
    return None if row.is_valid else "名录中标为无效"


def _jurisdiction(row: AnyObject, context: _Context) -> str | None:
    if row.adm_code is None or row.adm_code.startswith(_area(context.campaign.adm_code)):
        return None
    return row.adm_code


def _area(adm_code: str) -> str:
    """A county's code stands for itself; a city's or a province's for everything that begins with it."""
    if adm_code.endswith("0000"):
        return adm_code[:2]
    return adm_code[:4] if adm_code.endswith("00") else adm_code


def _tag(row: AnyObject, context: _Context) -> str | None:
    wanted = context.campaign.tags
    if not wanted or not row.tags or set(wanted) & set(row.tags):
        return None
    return "、".join(row.tags)


def _frequency(row: AnyObject, context: _Context) -> str | None:
    cap = context.campaign.frequency_cap
    if cap is None:
        return None
    checked = row.last_check_date is not None and row.last_check_date.year == context.today.year
    done = max(row.checks_this_year or 0, int(checked), _drawn_earlier(row, context))
    return f"今年已 {done} 次，上限 {cap} 次" if done >= cap else None


def _drawn_already(row: AnyObject, context: _Context) -> str | None:
    """Without a cap in the plan, once a year is enough; with one, the cap decides."""
    if context.campaign.frequency_cap is not None:
        return None
    times = _drawn_earlier(row, context)
    return f"今年已抽中 {times} 次" if times else None


def _drawn_earlier(row: AnyObject, context: _Context) -> int:
    return max(context.earlier.get(row.object_id, 0), context.earlier.get(row.uscc, 0))


# Name for programs, reason for people, rule: what it found, or None. The first that applies is the reason.
RULES: tuple[tuple[str, str, Rule], ...] = (
    ("two-names", "同一代码对应多个名称", _two_names),
    ("kind", "不是本次抽查的对象类型", _kind),
    ("state", "登记状态不应抽查", _state),
    ("validity", "名录中已失效", _validity),
    ("jurisdiction", "不在本辖区", _jurisdiction),
    ("tag", "不属于本次抽查的标签", _tag),
    ("frequency-cap", "已达年度频次上限", _frequency),
    ("drawn-this-year", "本年度已抽中", _drawn_already),
)


def _unsaid(row: AnyObject, campaign: Campaign) -> list[str]:
    texts = []
    if row.reg_state is RegistrationState.UNKNOWN:
        texts.append("名录没有登记状态")
    if row.reg_state is RegistrationState.SUSPENDED:
        texts.append("歇业")
    if row.adm_code is None:
        texts.append("名录没有所在区划")
    if campaign.tags and not row.tags:
        texts.append("名录没有标签")
    return texts
