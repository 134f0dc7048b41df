"""What the reveal fixes: the commitment's digest, seals, public numbers, the seed, the closing (§2)."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from verifier.recompute.document import Document, canonical, digest
from verifier.recompute.form import SPEC
from verifier.recompute.table import Row, Unfit, compare, failed, not_fit, ok
from verifier.recompute.writing import moment, pattern_fits


class Reveal(NamedTuple):
    """What all later checks use: the computed digest of the commitment, the computed seed (32 bytes)."""

    commitment_digest: str
    seed: bytes


def key(seed: bytes, label: str) -> bytes:
    """key(label) = H(P"/"label ‖ 00 ‖ seed)."""
    return sha256(f"{SPEC}/{label}".encode() + b"\0" + seed).digest()


def computed(document: Document) -> Reveal:
    """Digest and seed from the commitment and the values as they stand in the certificate."""
    promised = digest(canonical(document["commitment"]))
    seed = sha256(f"{SPEC}/seed".encode() + b"\0" + bytes.fromhex(promised))
    for one in document["contributions"]:
        seed.update(sha256(one["value"].encode()).digest())
    return Reveal(promised, seed.digest())


def rows_of_reveal(document: Document, reveal: Reveal) -> dict[str, Row]:
    """The rows `commitment_digest`, `seals`, `public` and `seed`."""
    return {
        "commitment_digest": compare(
            "commitment_digest", reveal.commitment_digest, document["commitment_digest"]
        ),
        "seals": _seals(document),
        "public": _public(document),
        "seed": compare("seed", reveal.seed.hex(), document["seed"]),
    }


def _seals(document: Document) -> Row:
    promised, given = document["commitment"], document["contributions"]
    ids = compare(
        "seals",
        [one["id"] for one in promised["contributors"]],
        [one["id"] for one in given],
        "contributions",
    )
    if ids.state == "failed":
        return ids
    for contributor, one in zip(promised["contributors"], given, strict=True):
        if contributor["kind"] == "sealed":
            which = (promised["campaign"], promised["stage"], str(promised["round"]), one["id"], one["value"])
            seal = sha256("\0".join((f"{SPEC}/contribution", *which)).encode()).hexdigest()
            if seal != contributor["commitment"]:
                return failed("seals", f"{one['id']} {contributor['commitment']}", seal)
    return ok("seals")


def _public(document: Document) -> Row:
    promised = document["commitment"]
    given = {one["id"]: one["value"] for one in document["contributions"]}
    for contributor in promised["contributors"]:
        if contributor["kind"] == "public":
            one, value = contributor["id"], given.get(contributor["id"])
            if moment(contributor["not_before"]) <= moment(promised["reveal_by"]):
                return failed(
                    "public", f"{one} later than {promised['reveal_by']}", contributor["not_before"]
                )
            try:
                fits = value is not None and pattern_fits(contributor["pattern"], value)
            except Unfit as unfit:
                return not_fit("public", unfit)
            if not fits:
                return failed(
                    "public", f"{one} {contributor['pattern']}", "no value" if value is None else value
                )
    return ok("public")


def closing_digest(document: Document, reveal: Reveal) -> str:
    """The digest of the closing document, made again from the sealed contributions."""
    sealed = {one["id"] for one in document["commitment"]["contributors"] if one["kind"] == "sealed"}
    closing = {
        "spec": SPEC,
        "commitment_digest": reveal.commitment_digest,
        "contributions": [one for one in document["contributions"] if one["id"] in sealed],
    }
    return digest(canonical(closing))


def public_numbers(document: Document) -> list[dict[str, str]]:
    """`{id, format, not_before, value}` of each public number, to be compared with its publisher."""
    given = {one["id"]: one["value"] for one in document["contributions"]}
    return [
        {**{name: one[name] for name in ("id", "format", "not_before")}, "value": given.get(one["id"], "")}
        for one in document["commitment"]["contributors"]
        if one["kind"] == "public"
    ]
