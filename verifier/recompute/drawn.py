"""The rows of stage `objects`: list, seats, winners, reserves, replacements."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from verifier.recompute import lists, tickets
from verifier.recompute.document import Document
from verifier.recompute.reveal import Reveal, key
from verifier.recompute.seats import Stratum, drawn, minima
from verifier.recompute.table import Row, Unfit, compare, failed, not_checked, not_fit, ok

DRAWN = ("seats", "winners", "reserves", "replacements")
_COMMITTED = f"the committed {lists.ELIGIBLE}"


def rows_of_objects(
    document: Document,
    reveal: Reveal,
    eligible: lists.Source | None,
    progress: Callable[[int], object] = lambda lines: None,
) -> dict[str, Row]:
    """The rows `files`, `root` and those of the draw; `eligible` is the list, where there is one."""
    if eligible is None:
        missing = lists.ELIGIBLE
        open_rows = {check: not_checked(check, missing) for check in ("files", "root", *DRAWN)}
        return {**open_rows, **_contradictions(document, reveal)}
    promised = document["commitment"]["eligible"]
    names = [stratum["name"] for stratum in document["commitment"]["strata"]]
    rows = {check: not_checked(check, _COMMITTED) for check in ("root", *DRAWN)}
    try:
        found = lists.scan_eligible(eligible, names, progress)
    except Unfit as unfit:
        rows["files"] = not_fit("files", unfit)
        return {**rows, **_contradictions(document, reveal)}
    rows["root"] = compare("root", promised["root"], found.root)
    try:
        lists.check_same(lists.ELIGIBLE, promised, found.lines, found.sha256)
        rows["files"] = ok("files")
        rows.update(_computed(document, reveal, eligible, found.sizes))
    except Unfit as unfit:
        rows["files"] = not_fit("files", unfit)
        rows.update(_contradictions(document, reveal))
    return rows


def _strata(document: Document, sizes: list[int]) -> list[Stratum]:
    listed = document["commitment"]["strata"]
    return [Stratum(Fraction(one["ratio"]), size) for one, size in zip(listed, sizes, strict=True)]


def _seats(document: Document, sizes: list[int]) -> list[dict[str, Any]]:
    """`strata` as the certificate must have it for these sizes."""
    strata, listed = _strata(document, sizes), document["commitment"]["strata"]
    seats = drawn(strata, Fraction(document["commitment"]["ratio"]))
    return [
        {"name": one["name"], "size": size, "minimum": least, "drawn": number}
        for one, size, least, number in zip(listed, sizes, minima(strata), seats, strict=True)
    ]


def _computed(
    document: Document, reveal: Reveal, eligible: lists.Source, sizes: dict[str, int]
) -> dict[str, Row]:
    """The rows of the draw, from the committed list. Raises Unfit if the list is another one by now."""
    seated = _seats(document, list(sizes.values()))
    seats = {one["name"]: one["drawn"] for one in seated}
    entries = document["replacements"]
    spare = max(10, len(entries))
    keep = {one["name"]: min(one["size"], one["drawn"] + spare) for one in seated}
    hasher = hashlib.sha256()
    try:
        kept = tickets.lowest(
            lists.blocks(eligible, lists.ELIGIBLE, hasher), key(reveal.seed, "object"), keep
        )
    except (KeyError, ValueError):
        raise Unfit(f"{lists.ELIGIBLE} as it was read before", "another file") from None
    if hasher.hexdigest() != document["commitment"]["eligible"]["sha256"]:
        raise Unfit(f"{lists.ELIGIBLE} as it was read before", "another file")
    result = tickets.draw(kept, seats)
    rows = {
        "seats": compare("seats", seated, document["strata"]),
        "winners": compare("winners", [one._asdict() for one in result.winners], document["winners"]),
    }
    try:
        recorded = tickets.replacements(result, entries)
        rows["replacements"] = compare("replacements", recorded, entries)
    except Unfit as unfit:
        recorded = []
        rows["replacements"] = not_fit("replacements", unfit)
    shown = tickets.reserves_shown(result, recorded)
    rows["reserves"] = compare("reserves", shown, document["reserves"])
    return rows


# --- without the list -------------------------------------------------------------------------------------


def _contradictions(document: Document, reveal: Reveal) -> dict[str, Row]:
    """What is wrong with the certificate by itself; where nothing is found, little is known."""
    found = (_seats_alone(document), _winners_alone(document, reveal))
    return {row.check: row for row in found if row.state == "failed"}


def _seats_alone(document: Document) -> Row:
    promised, shown = document["commitment"], document["strata"]
    row = compare("seats", [one["name"] for one in promised["strata"]], [one["name"] for one in shown])
    if row.state == "failed":
        return row
    sizes = [one["size"] for one in shown]
    if sum(sizes) != promised["eligible"]["count"]:
        return failed("seats", f"{promised['eligible']['count']} objects", sum(sizes))
    return compare("seats", _seats(document, sizes), shown)


def _winners_alone(document: Document, reveal: Reveal) -> Row:
    winners = document["winners"]
    ticket_key = key(reveal.seed, "object")
    for place, one in enumerate(winners):
        ticket = tickets.ticket_of(ticket_key, one["object_id"])
        if ticket != one["ticket"]:
            return failed("winners", f"winners[{place}].ticket {ticket}", one["ticket"])
    order = [(one["ticket"], one["object_id"]) for one in winners]
    for place in range(1, len(order)):
        if order[place] <= order[place - 1]:
            return failed("winners", f"winners[{place}] after winners[{place - 1}]", "before it")
    won = Counter(one["stratum"] for one in winners)
    for one in document["strata"]:
        if won[one["name"]] != one["drawn"]:
            return failed("winners", f"{one['drawn']} of stratum {one['name']}", won[one["name"]])
    for stratum in won.keys() - {one["name"] for one in document["strata"]}:
        return failed("winners", "winners of listed strata", stratum)
    return ok("winners")
