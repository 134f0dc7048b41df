"""How the platform may draw when it leads: honestly, or wrongly in one named way."""

from __future__ import annotations

VARIANTS: dict[str, str] = {
    "honest": "fair, by seeded chance, without a certificate",
    "certified": "fair, with the certificates of draw-spec",
    "damaged": "as certified, one digit of the objects' certificate altered",
    "not-eligible": "an object that is deregistered or lies elsewhere is drawn",
    "duplicate": "an object is drawn twice",
    "too-few": "fewer than the ratio demands",
    "head": "the first of the list, nothing random",
    "uncertified-inspector": "somebody without a valid certificate is in a team",
    "one-person-team": "a department sends one person",
    "forbidden-pair": "somebody is sent to an enterprise that he or she must not inspect",
}
"""Variants of `--platform-draw` and what is wrong with them."""
