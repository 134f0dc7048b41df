"""The platform leads: its draw in every variant of `--platform-draw`, its forms, and what it publishes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from draw.frozen import freeze_objects
from mock_platform.platform_variants import VARIANTS
from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import PLATFORM_PLAN, office_of
from tests.mock_platform.office import Office, Row
from verifier.recompute import Evidence, verify_certificate

TASK = "/api/v1/tasks/130534202405281002"
GRADES = ["A", "B", "C", "D", "E", "未评级"]


class Watched:
    """A mock that leads, what it shows in the end, and the fair draw that it follows."""

    def __init__(self, simulator: Simulator) -> None:
        self.world = simulator.world
        self.office: Office = office_of(simulator)
        self.first: Row = self.office.platform.get(f"{TASK}/draw")
        self.draw = self.first
        for _ in range(20):
            self.confirmations = self.office.platform.get(f"{TASK}/confirmations")["rows"]
            self.draw = self.office.platform.get(f"{TASK}/draw")
            if self.draw["groups"] is not None:
                break
        self.in_force: list[Row] = [row for row in self.world.drawn["objects"] if row["replacedBy"] is None]
        self.teams = {
            int(group): [one for ids in team.values() for one in ids]
            for group, team in self.world.drawn["groups"].items()
        }

    def shown_teams(self) -> dict[int, list[str]]:
        """group -> ids, as the platform shows them."""
        return {
            one["group"]: [member["inspectorId"] for member in one["inspectors"]]
            for one in self.draw["groups"]
        }

    def ids(self) -> list[str]:
        return [row["objectId"] for row in self.draw["objects"]]

    def fair_ids(self) -> list[str]:
        """Those of the fair draw that were drawn or came in, with those that a replacement left behind."""
        return [row["objectId"] for row in self.world.drawn["objects"]]


@pytest.fixture
def lead(simulate: Callable[..., Simulator]) -> Callable[[str], Watched]:
    """A platform that draws as a variant says, from the default number of objects."""
    return lambda variant: Watched(simulate(plan=PLATFORM_PLAN, objects=120, seed=1, draw_variant=variant))


def eligible_file(watched: Watched) -> bytes:
    """eligible.tsv of the ids that the platform names, strata and owners from its own directory."""
    rows = {row["objectId"].strip(): row for row in watched.world.objects if row["objectId"]}
    listed = [
        (
            one,
            rows[one]["riskGrade"] if rows[one]["riskGrade"] in GRADES else "未评级",
            _as_meant(rows[one]["ownerUniscid"]),
        )
        for one in watched.draw["eligible"]
    ]
    return freeze_objects(listed, GRADES).files["eligible.tsv"]


def _as_meant(code: str) -> str:
    """Full width to half width, blanks off, upper case: what a careful reader makes of a typed code."""
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in code.strip()).upper()


def failed(watched: Watched, number: int) -> list[str]:
    """Checks that a certificate of the platform fails."""
    held = watched.draw["certificates"][number]
    eligible = eligible_file(watched) if held["stage"] == "objects" else None
    before = [one["document"].encode() for one in watched.draw["certificates"][:number]]
    evidence = Evidence(eligible=eligible, before=before)
    return [
        row.check for row in verify_certificate(held["document"].encode(), evidence) if row.state == "failed"
    ]


def test_nothing_is_shown_before_the_platform_has_drawn(simulate: Callable[..., Simulator]) -> None:
    simulator = simulate(plan=PLATFORM_PLAN, objects=12)
    simulator.world.agenda.cancel(lambda act: act.kind == "platform-draws")
    assert office_of(simulator).platform.code("GET", f"{TASK}/draw") == "44"


def test_a_certified_draw_verifies_with_the_eligible_file(lead: Callable[[str], Watched]) -> None:
    watched = lead("certified")
    stages = [one["stage"] for one in watched.draw["certificates"]]
    assert stages == ["objects", "objects", "inspectors"]
    for number in range(len(stages)):
        assert failed(watched, number) == []
    last = json.loads(watched.draw["certificates"][1]["document"])
    evidence = Evidence(eligible=eligible_file(watched))
    checked = {
        row.check: row.state
        for row in verify_certificate(watched.draw["certificates"][1]["document"].encode(), evidence)
    }
    for check in ("files", "root", "seats", "winners", "reserves", "replacements", "seed", "seals"):
        assert checked[check] == "ok", check
    gone = {one["object_id"] for one in last["replacements"]}
    assert gone == {
        row["objectId"] for row in watched.confirmations if row["reason"] in ("1", "2", "3", "4", "5")
    }
    assert set(watched.ids()) == set(watched.fair_ids())
    assert {row["replaces"] for row in watched.draw["objects"]} - {None} == gone
    assert watched.shown_teams() == watched.teams
    assert {one["uniscid"]: one["group"] for one in watched.draw["assignment"]} == dict(
        watched.world.drawn["assignment"]
    )


def test_an_honest_draw_is_as_fair_without_a_certificate(lead: Callable[[str], Watched]) -> None:
    watched = lead("honest")
    assert watched.draw["certificates"] is None
    assert set(watched.ids()) == set(watched.fair_ids()) <= set(watched.draw["eligible"])
    assert watched.shown_teams() == watched.teams
    assert len(watched.first["objects"]) * 10 >= len(watched.draw["eligible"])


def test_a_damaged_certificate_no_longer_verifies(lead: Callable[[str], Watched]) -> None:
    watched = lead("damaged")
    assert "seed" in failed(watched, 0)
    assert set(watched.ids()) == set(watched.fair_ids())


def test_an_object_that_is_not_eligible_is_shown(lead: Callable[[str], Watched]) -> None:
    watched = lead("not-eligible")
    [odd] = set(watched.ids()) - set(watched.draw["eligible"])
    assert odd not in watched.fair_ids()
    rows = [row for row in watched.world.objects if row["objectId"] == odd]
    assert any(
        row["regState"] in ("2", "3", "4", "5")
        or row["admCode"] != "130534"
        or row["isValid"] == "0"
        or not row["tags"]
        or row["checksThisYear"]
        for row in rows
    )


def test_an_object_is_shown_twice(lead: Callable[[str], Watched]) -> None:
    watched = lead("duplicate")
    assert [times for _, times in Counter(watched.ids()).most_common(2)] == [2, 1]
    assert set(watched.ids()) == set(watched.fair_ids())


def test_fewer_than_the_ratio_are_shown(lead: Callable[[str], Watched]) -> None:
    watched = lead("too-few")
    assert len(watched.ids()) < len(watched.draw["eligible"]) / 10 < len(watched.fair_ids())


def test_the_head_of_the_list_is_drawn(lead: Callable[[str], Watched]) -> None:
    watched = lead("head")
    fair = lead("honest")
    drawn = {row["objectId"]: row["stratum"] for row in watched.first["objects"]}
    of = {one: stratum for one, stratum, _ in watched.world.drawn["frozen"]}
    for stratum, count in Counter(drawn.values()).items():
        listed = [one for one in watched.draw["eligible"] if of[one] == stratum]
        assert {one for one in drawn if drawn[one] == stratum} == set(listed[:count])
    assert Counter(drawn.values()) == Counter(row["stratum"] for row in fair.first["objects"])
    assert set(drawn) != {row["objectId"] for row in fair.first["objects"]}


def drawn_places(watched: Watched) -> dict[str, list[int]]:
    """stratum -> places of the drawn objects in the list of that stratum, rising."""
    of: dict[str, list[str]] = {}
    for one, stratum, _ in watched.world.drawn["frozen"]:
        of.setdefault(stratum, []).append(one)
    drawn = {row["objectId"] for row in watched.first["objects"]}
    return {stratum: [p for p, one in enumerate(ids) if one in drawn] for stratum, ids in of.items()}


def steps(places: list[int]) -> set[int]:
    return {later - earlier for earlier, later in pairwise(places)}


def test_a_fixed_step_and_a_block_leave_their_marks(lead: Callable[[str], Watched]) -> None:
    stepped, block = lead("fixed-step"), lead("block")
    for stratum, places in drawn_places(stepped).items():
        assert len(steps(places)) <= 1, stratum
    assert {step for places in drawn_places(block).values() for step in steps(places)} == {1}
    fair = Counter(row["stratum"] for row in lead("honest").first["objects"])
    for unfair in (stepped, block):
        assert Counter(row["stratum"] for row in unfair.first["objects"]) == fair


def test_a_sort_by_lot_stays_near_the_head(lead: Callable[[str], Watched]) -> None:
    sizes = Counter(stratum for _, stratum, _ in lead("head-biased").world.drawn["frozen"])
    places = drawn_places(lead("head-biased"))
    mean = sum(sum(ps) / sizes[s] for s, ps in places.items()) / sum(len(ps) for ps in places.values())
    assert mean < 0.5


def test_a_tenth_is_spared_always_or_as_far_as_forty_draws_allow(lead: Callable[[str], Watched]) -> None:
    def spared(watched: Watched) -> int:
        ids = [row["objectId"] for row in watched.first["objects"]]
        return sum(hashlib.sha256(one.encode()).digest()[0] < 26 for one in ids)

    assert spared(lead("favoured-tenth")) == 0
    assert spared(lead("redrawn")) <= spared(lead("honest"))


def test_half_of_the_draw_falls_on_the_same_objects_again(lead: Callable[[str], Watched]) -> None:
    ids = lead("with-replacement").ids()
    assert len(set(ids)) < len(ids)


def test_somebody_without_a_certificate_is_in_a_team(lead: Callable[[str], Watched]) -> None:
    watched = lead("uncertified-inspector")
    people = {row["inspectorId"]: row for row in watched.world.inspectors}
    for group, ids in watched.shown_teams().items():
        odd = set(ids) - set(watched.teams[group])
        assert len(odd) == 1
        assert all(people[one]["certValidTo"] is None for one in odd)


def test_a_department_sends_one_person(lead: Callable[[str], Watched]) -> None:
    watched = lead("one-person-team")
    people = {row["inspectorId"]: row["deptCode"] for row in watched.world.inspectors}
    for group, ids in watched.shown_teams().items():
        assert sorted(Counter(people[one] for one in ids).values()) == [1, 2]
        assert set(ids) < set(watched.teams[group])


def test_somebody_goes_where_he_or_she_must_not(lead: Callable[[str], Watched]) -> None:
    watched = lead("forbidden-pair")
    assert barred_visits(watched) == 1
    assert barred_visits(lead("certified")) == 0


def barred_visits(watched: Watched) -> int:
    """Visits that somebody should have kept away from, substitutes aside."""
    relations = {
        (pair["uniscid"], row["inspectorId"])
        for row in watched.world.inspectors
        for pair in row["recusals"] or []
    }
    replaced = {(one["uniscid"], one["replaced"]) for one in watched.world.drawn["changes"]}
    teams = watched.shown_teams()
    visits = {
        (one["uniscid"], member) for one in watched.draw["assignment"] for member in teams[one["group"]]
    }
    return len((visits & relations) - replaced)


def test_every_variant_has_its_test(request: pytest.FixtureRequest) -> None:
    text = request.path.read_text("utf-8")
    assert [name for name in VARIANTS if f'lead("{name}")' not in text] == []


# --- what the platform does afterwards -------------------------------------------------------------


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_forms_follow_from_the_fair_draw_whatever_is_shown(
    lead: Callable[[str], Watched], variant: str
) -> None:
    watched = lead(variant)
    forms = watched.office.pages(f"{TASK}/forms")
    assert sorted(form["uniscid"] for form in forms) == sorted({row["uniscid"] for row in watched.in_force})
    by_code = {form["uniscid"]: form for form in forms}
    for row in watched.in_force:
        assert row["objectId"] in [one["objectId"] for one in by_code[row["uniscid"]]["objects"]]
    relations = {
        (pair["uniscid"], row["inspectorId"])
        for row in watched.world.inspectors
        for pair in row["recusals"] or []
    }
    for form in forms:
        members = [one["inspectorId"] for one in form["inspectors"]]
        assert form["leader"] in members
        assert not {(form["uniscid"], one) for one in members} & relations
        sent = Counter(one["deptCode"] for one in form["inspectors"])
        assert all(sent[item["deptCode"]] == 2 for item in form["items"])


def test_results_reach_the_public_page_by_themselves(lead: Callable[[str], Watched]) -> None:
    watched = lead("certified")
    forms = watched.office.pages(f"{TASK}/forms")
    due = sum(len(form["items"]) for form in forms)
    results: list[Row] = []
    for _ in range(100):
        results = watched.office.pages(f"{TASK}/results")
        if len(results) == due and all(row["review"]["at"] for row in results):
            break
    opinions: dict[str, Any] = {row["uniscid"]: row["review"]["opinion"] for row in results}
    assert set(opinions.values()) == {"1", "2"}
    registered = {row["uniscid"]: prip for prip, row in watched.world.enterprises.items()}
    for code, opinion in opinions.items():
        if code not in registered:
            continue
        rows = watched.office.public_rows(registered[code])
        assert len(rows) == (opinion == "1"), code
        if rows:
            details = watched.office.publicity.send("GET", rows[0]["url"]).json()["data"]
            assert len(details) == len([row for row in results if row["uniscid"] == code])
    assert watched.office.control.writes() == [], "the platform's own acts are no writes of ours"
