"""Every certificate of the corpus, altered in one place: the right rows fail, and always one does."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from tests.verifier import corpus
from tests.verifier.recomputed import evidence_of, outcome
from verifier.recompute import verify_certificate

KEPT = {"kept_commitment", "kept_closing"}
SAME_SEED = {"commitment_digest", "seed", *KEPT}
"""Where the commitment was altered, all that hangs on its digest fails."""
DRAWN_OBJECTS = {"winners", "reserves", "replacements"}

EXPECTED: dict[tuple[str, str], set[str]] = {
    # The reveal.
    ("V1 second round", "commitment_digest altered"): {"commitment_digest"},
    ("V1 second round", "seed altered"): {"seed"},
    ("V1 second round", "contributions[0].value altered"): {
        "seals", "seed", "kept_closing", *DRAWN_OBJECTS,
    },
    ("V1 second round", "contributions[0].id altered"): {"seals", "kept_closing"},
    ("V1 second round", "contributions[2].id altered"): {"seals", "public"},
    ("generated", "contributions[0].value altered"): {"seed", *DRAWN_OBJECTS},
    ("V1 second round", "contributions[2] dropped"): {"seals", "public", "seed", *DRAWN_OBJECTS},
    ("V1 second round", "contributions[0] swapped"): {"seals", "seed", "kept_closing", *DRAWN_OBJECTS},
    # The commitment: its digest, whatever it is of, and the row that the member is for.
    ("V1 second round", "commitment.frozen_at altered"): {*SAME_SEED, *DRAWN_OBJECTS},
    ("V1 second round", "commitment.reason altered"): {*SAME_SEED, *DRAWN_OBJECTS},
    ("V1 second round", "commitment.previous altered"): {*SAME_SEED, *DRAWN_OBJECTS, "previous"},
    ("V1 second round", "commitment.campaign altered"): {*SAME_SEED, *DRAWN_OBJECTS, "seals", "previous"},
    ("V1 second round", "commitment.contributors[2].pattern altered"): {
        *SAME_SEED, *DRAWN_OBJECTS, "public",
    },
    ("V1 second round", "commitment.contributors[0].commitment altered"): {
        *SAME_SEED, *DRAWN_OBJECTS, "seals",
    },
    ("V1 second round", "commitment.eligible.root altered"): {*SAME_SEED, *DRAWN_OBJECTS, "root"},
    ("V1 second round", "commitment.eligible.sha256 altered"): {*SAME_SEED, "files", "winners"},
    ("V1 second round", "commitment.eligible.count altered"): {*SAME_SEED, "files", "winners", "seats"},
    ("V1 second round", "commitment.strata[0].name altered"): {"form"},  # B twice
    ("generated", "commitment.strata[0].name altered"): {*SAME_SEED, "files", "winners", "seats"},
    # The form: one row and no other.
    ("V1 second round", "commitment.eligible.count negative"): {"form"},
    ("V1 second round", "commitment.spec altered"): {"form"},
    ("V1 second round", "seed dropped"): {"form"},
    ("V1 second round", "x added"): {"form"},
    ("V1 second round", "winners[0].uscc with a bell"): {"form"},
    ("V1 second round", "raw: final line feed"): {"form"},
    ("V1 second round", "raw: half a surrogate pair"): {"form"},
    ("V1 second round", "raw: deep"): {"form"},
    # What is drawn: objects.
    ("generated", "strata[0].drawn altered"): {"seats"},
    ("generated", "strata[0] swapped"): {"seats"},
    ("generated", "winners[1].ticket altered"): {"winners"},
    ("generated", "winners[0] dropped"): {"winners"},
    ("generated", "winners[0] doubled"): {"winners"},
    ("generated", "reserves.甲[0] altered"): {"reserves"},
    ("generated", "reserves.甲 dropped"): {"reserves"},
    ("generated", "replacements[0].by altered"): {"replacements"},
    ("generated", "replacements[1] doubled"): {"replacements"},
    ("generated", "replacements[0] swapped"): {"replacements"},
    # What is drawn: inspectors.
    ("V4", "teams.1.SW[0] altered"): {"teams"},
    ("V4", "teams.1.SW[0] swapped"): {"teams"},
    ("V4", "barred[0] dropped"): {"barred"},
    ("V4", "assignment[0][1] altered"): {"assignment"},
    ("V4", "assignment[0][0] altered"): {"assignment", "stage_before"},
    ("V4", "assignment[0] swapped"): {"assignment"},
    ("V4", "relax altered"): {"assignment"},
    ("V4", "substitutes[0].by altered"): {"substitutes"},
    ("V12 seats again", "seat_replacements[2].by altered"): {"seat_replacements"},
    ("V12 seats again", "seat_replacements[2].group altered"): {"seat_replacements"},
    ("V12 seats again", "seat_replacements[2].replaced altered"): {"seat_replacements"},
    ("V12 seats again", "seat_replacements[0].at altered"): {"corrects"},
    ("V12 seats again", "corrects altered"): {"corrects"},
    # The frozen files.
    ("generated", "eligible: line 1 column 3 altered"): {"files", "root"},
    ("generated", "eligible: line 1 swapped"): {"files"},
    ("generated", "eligible: no final line feed"): {"files"},
    ("V4", "roster-SW: line 1 column 2 altered"): {"files"},
    ("V4", "forbidden: line 2 dropped"): {"files"},
    ("V4", "objects: line 1 dropped"): {"files"},
    # Documents before.
    ("V4", "before[0].seed altered"): {"stage_before"},
    ("V4", "before[0].final line feed"): {"DB-VERIFY-002"},
    ("V1 corrected", "before[0].seed altered"): {"corrects"},
    ("V1 second round", "before[0].reason altered"): {"previous"},
    ("V1 second round", "before[0].nothing"): {"DB-VERIFY-002"},
    # The public form.
    ("V12 public form", "visits[0].team.SW[0] altered"): {"public_form"},
    ("V12 public form", "teams.1.SW[0] swapped"): {"public_form"},
    ("V12 public form", "corrects altered"): {"public_form"},
    ("V12 public form", "full altered"): {"public_form", "kept_certificate"},
    ("V12 public form", "seed altered"): {"seed", "public_form"},
    ("V12 public form", "roster-SW: line 1 column 2 altered"): {"public_form"},
    ("V12 public form", "before[0].relax altered"): {"public_form"},
    ("V12 public form", "visits dropped"): {"form", "kept_certificate"},
    ("V2 public form, second round", "before[1].seed altered"): {"previous"},
    # Digests that others kept.
    ("V4", "kept.commitment altered"): {"kept_commitment"},
    ("V4", "kept.closing altered"): {"kept_closing"},
    ("V4", "kept.certificate altered"): {"kept_certificate"},
}  # fmt: skip


@pytest.fixture(scope="module")
def altered() -> dict[str, dict[str, corpus.Case]]:
    """The altered cases by the name of the honest case and of the alteration."""
    return {case.name: dict(corpus.tampered(case)) for case in corpus.small()}


@pytest.mark.parametrize("case", corpus.honest(), ids=lambda case: case.name)
def test_an_honest_certificate_fails_nowhere(case: corpus.Case) -> None:
    open_rows = {
        row.check for row in verify_certificate(case.certificate, evidence_of(case)) if row.state != "ok"
    }
    inspectors = "objects" in case.files
    assert open_rows == ({"stage_before"} if inspectors and not _stage_before(case) else set())


def test_certificates_by_chance_fail_nowhere() -> None:
    kinds: Counter[str] = Counter()
    for number in range(120):
        case = corpus.at_random(number)
        assert outcome(case) == set(), case.name
        document = json.loads(case.certificate)
        kinds["relaxed"] += document.get("relax", 0) > 0
        kinds["substitutes"] += bool(document.get("substitutes"))
        kinds["seats"] += bool(document.get("seat_replacements"))
        kinds["none left"] += any(entry["by"] is None for entry in document.get("replacements", ()))
    assert min(kinds.values()) > 5, kinds


def _stage_before(case: corpus.Case) -> bool:
    return any(b'"stage":"objects"' in document for document in case.before)


@pytest.mark.parametrize(("case", "change"), EXPECTED)
def test_an_alteration_fails_the_rows_that_it_belongs_to(
    altered: dict[str, dict[str, corpus.Case]], case: str, change: str
) -> None:
    same_bytes = change.startswith(("kept.", "before[", "roster-", "forbidden", "objects:", "eligible:"))
    kept = set() if same_bytes or "public form" in case else {"kept_certificate"}
    assert outcome(altered[case][change]) == EXPECTED[case, change] | kept


def test_no_alteration_goes_unseen(altered: dict[str, dict[str, corpus.Case]]) -> None:
    """But by who kept the certificate's digest, where certificate and files still fit together."""
    unseen, seen_though_free = [], []
    for changes in altered.values():
        for change, case in changes.items():
            kept = {name: kept for name, kept in case.kept.items() if name != "certificate"}
            seen = outcome(case if change.startswith("kept.") else replace(case, kept=kept))
            if change.startswith("free:"):
                seen_though_free += [case.name] if seen else []
            elif not seen:
                unseen.append(case.name)
    assert unseen == []
    assert seen_though_free == []


def test_what_no_computation_fixes_is_seen_by_the_kept_digest_alone(
    altered: dict[str, dict[str, corpus.Case]],
) -> None:
    free = [
        case
        for changes in altered.values()
        for change, case in changes.items()
        if change.startswith("free:") and ":before[" not in change
    ]
    assert len(free) > 40
    assert all(outcome(case) == {"kept_certificate"} for case in free)
