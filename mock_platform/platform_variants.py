"""How the platform may draw when it leads: honestly, or wrongly in one named way."""

from __future__ import annotations

VARIANTS: dict[str, str] = {
    "honest": "fair, by seeded chance, without a certificate",
    "certified": "fair, with the certificates of draw-spec",
    "damaged": "as certified, one digit of the objects' certificate altered",
    "not-eligible": "an object that is deregistered or lies elsewhere is drawn",
    "duplicate": "an object is drawn twice",
    "too-few": "fewer than the ratio demands",
    "with-replacement": "drawn with replacement: several objects twice",
    "head": "the first of the list, nothing random",
    "fixed-step": "every k-th of the list from a drawn start; its end can never be drawn",
    "block": "objects that stand side by side in the list, from a drawn start",
    "head-biased": "sorted by a comparison that is drawn by lot: the first ones stay in front",
    "favoured-tenth": "a tenth of the objects is never drawn",
    "redrawn": "drawn forty times, the draw that was liked best is kept",
    "uncertified-inspector": "somebody without a valid certificate is in a team",
    "one-person-team": "a department sends one person",
    "forbidden-pair": "somebody is sent to an enterprise that he or she must not inspect",
}
"""Variants of `--platform-draw` and what is wrong with them."""
