"""`drawbridge draw verify`: a certificate computed again, by other means than those that drew it.

Of the project it knows the catalogue of errors alone; what is compared with what says docs/verification.md.

    check        certificate and evidence in, table out
    document     bytes of a document: canonical JSON, digests, the size limit
    form         members and types of a document; writing: how times, ratios and patterns are written
    lists        the frozen files, read in a stream; merkle: their root
    reveal       seals, public numbers, seed
    drawn        stage `objects`: rows; seats, tickets: the draw of that stage
    visits       stage `inspectors`: rows; teams, seating, matching: the draw of that stage
    former       documents before: stage, round, correction
    masks        the public form
    table        rows, and the first place where two values differ
    chinese      a row in Chinese
"""

from verifier.recompute.check import Evidence, publishers_to_ask, verify_certificate
from verifier.recompute.chinese import in_chinese
from verifier.recompute.document import read_document
from verifier.recompute.table import NAMES, Row

__all__ = [
    "NAMES",
    "Evidence",
    "Row",
    "in_chinese",
    "publishers_to_ask",
    "read_document",
    "verify_certificate",
]
