"""What is shown of a draw before the first batch of objections is closed (§2, §3.4).

Whoever holds the seed knows the order of the reserves.  So the departments are shown the drawn objects and
the digest of the certificate, which binds us to it; the certificate itself follows.
"""

from __future__ import annotations

from draw.canonical import canonical, digest
from draw.certificate import parse_certificate
from draw.text import SPEC


def drawn_list(certificate: bytes) -> bytes:
    """The canonical list of the objects drawn by this certificate of stage `objects`, sorted by id.

    `{spec, commitment_digest, certificate_digest, drawn[{object_id, uscc}]}`; replacements are not in it.
    """
    document = parse_certificate(certificate, "objects")
    drawn = sorted(document["winners"], key=lambda winner: winner["object_id"].encode())
    return canonical(
        {
            "spec": SPEC,
            "commitment_digest": document["commitment_digest"],
            "certificate_digest": digest(certificate),
            "drawn": [{"object_id": one["object_id"], "uscc": one["uscc"]} for one in drawn],
        }
    )
