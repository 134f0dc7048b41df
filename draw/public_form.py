"""The inspectors' certificate as it is published when the visits are over (§5).

Inspectors appear under masks that somebody who does not know their ids and the
roster's salt cannot undo; who is related to whom is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from draw.canonical import canonical, digest
from draw.certificate import parse_certificate, teams_of_visits

_KEPT = ("spec", "commitment", "commitment_digest", "contributions", "seed", "corrects", "relax")
_MASK_DIGITS = 16


def mask(salt: str, inspector_id: str) -> str:
    """The first 16 hex digits of H(salt ‖ 00 ‖ inspector_id); `salt` is the roster's, as text."""
    return hashlib.sha256(f"{salt}\0{inspector_id}".encode()).hexdigest()[:_MASK_DIGITS]


def public_form(certificate: bytes, salts: Mapping[str, str]) -> bytes:
    """The canonical public form of a stage-`inspectors` certificate.

    `salts` are the rosters' salts by department code (`frozen.read_roster(…).salt`).
    `visits` stand in place of `barred`, `assignment`, `substitutes` and
    `seat_replacements`, `full` is the digest of the full certificate.  Refuses as
    `certificate.parse_certificate` does.
    """
    full = parse_certificate(certificate, "inspectors")

    def masked(team: Mapping[str, list[str]]) -> dict[str, list[str]]:
        return {code: sorted(mask(salts[code], one) for one in members) for code, members in team.items()}

    teams = teams_of_visits(full)
    return canonical(
        {
            **{member: full[member] for member in _KEPT},
            "teams": {group: masked(team) for group, team in full["teams"].items()},
            "visits": [
                {"object_id": object_id, "group": group, "team": masked(teams[object_id])}
                for object_id, group in full["assignment"]
            ],
            "full": digest(certificate),
        }
    )
