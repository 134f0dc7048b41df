"""Is the platform's draw compatible with chance?  Asked where nothing published can be computed again.

The answer stands in the verdict and on a page beside it.  It stops nothing: what is rare can happen, and
a draw that looks fair proves little.  People decide what to ask the platform (draw-spec.md §7.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connectors.protocols import PlatformDraw
from documents.whole_file import write_whole
from draw.frozen import EligibleObject
from flows.site import Site
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

PAGE = "抽取审计.html"

# Fewer drawn than this say nothing that a test could hear.
_FEWEST = 8


class Audited(NamedTuple):
    """The verdict in one sentence, and whether all of it is compatible with chance (None: too little)."""

    sentence: str
    compatible: bool | None


def audit_platform_draw(
    site: Site, campaign: Campaign, drawn: PlatformDraw, eligible: Sequence[EligibleObject]
) -> Audited:
    """Judges the first draw, before replacements, and writes the page with the tests and their power."""
    added = {by for _, by in drawn.replaces}
    ids = [object_id for object_id, _, _ in drawn.objects if object_id not in added]
    if len(ids) < _FEWEST or len(ids) == len(eligible):
        return Audited(f"只抽 {len(ids)} 个，统计检验看不出什么", None)
    # numpy and scipy take half a second to load, which only this needs.
    from documents.draw_audit.page import page
    from documents.draw_audit.verdict import explanation, verdict
    from draw.audit.judgement import judge
    from draw.audit.listing import Drawn, Listing

    strata = {one.object_id: one.stratum for one in eligible}
    listed = [one for one in drawn.eligible or () if one in strata]
    order = listed if len(listed) == len(strata) else list(strata)
    listing = Listing(order, [strata[one] for one in order])
    try:
        judgement = judge(listing, [Drawn("平台抽取", ids)])
    except DrawbridgeError as error:
        return Audited(f"未作统计检验（{error.code}）", None)
    path = site.home.campaign_folder(campaign.task_id) / PAGE
    write_whole(path, page(judgement).encode("utf-8"))
    return Audited(
        f"{verdict(judgement, 0)}。{explanation(judgement, 0)}（{path.name}）", judgement.compatible
    )
