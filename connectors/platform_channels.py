"""Writing to the provincial platform: forms, documents of the draw, confirmations, materials.

Each channel belongs to one task.  `encode` makes the exact bytes once (RFC 8785), `delivery` freezes
them, `send` sends them once and believes only a receipt with our batch number and the SHA-256 of
what was sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import rfc8785
from pydantic import ValidationError

from connectors import platform_rows
from connectors.faults import Fault, NotFound
from connectors.http import Answer, Client
from connectors.platform_rows import Drift, Row
from connectors.profile import Profile
from connectors.profile_rules import ChannelRule
from connectors.protocols import Capability, Outgoing, SystemUnreachable
from connectors.replies import open_envelope, safe_text
from schemas.confirmation import Confirmation
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.item import Materials
from schemas.publication import Receipt, ReplyState, RowReply

AREA = "PLATFORM"
_JSON = "application/json; charset=utf-8"
Kind = Literal["form", "confirmation", "draw", "materials"]
DocumentKind = Literal["commitment", "closing", "list", "draw"]


class BatchChannel:
    """Forms or confirmations: many rows in one message, an answer for each, and a question per batch.

    `key` of an item: the form number; for a confirmation `objectId/deptCode`.  `payload`: the record
    (`InspectionForm`, `Confirmation`) as JSON.
    """

    system = "platform"

    def __init__(
        self,
        client: Client,
        profile: Profile,
        kind: Literal["form", "confirmation"],
        path: str,
        rule: ChannelRule,
        row_of: Callable[[str], dict[str, object]],
        key_of: Callable[[Row], str],
    ) -> None:
        self._client, self._profile, self._path, self._rule = client, profile, path, rule
        self._row_of, self._key_of = row_of, key_of
        self.kind = kind

    @property
    def capability(self) -> Capability:
        """From the profile."""
        return self._rule.capability(self._profile.platform.limits.concurrency)

    @property
    def batch_size(self) -> int:
        """Most rows in one message."""
        return self._rule.batch_size

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        """Canonical JSON of the batch. Raises DB-INPUT-040 if a record cannot be written."""
        name = self._profile.platform.name
        rows = [self._row_of(item.payload) for item in items]
        return canonical({name("batch", "batch_no"): batch_no, name("batch", "rows"): rows})

    def send(self, batch_no: str, body: bytes) -> Receipt:
        """Sends once. Raises NotSent, Ambiguous or Refused."""
        rows = json.loads(body)[self._profile.platform.name("batch", "rows")]
        keys = {self._key_of(row) for row in rows}

        def interpret(answer: Answer) -> Receipt:
            receipt = _batch_receipt(self._profile, answer)
            check_receipt(receipt, batch_no, body, keys)
            return receipt

        return self._client.write(self._path, body, _JSON, interpret)

    def query(self, batch_no: str) -> Receipt | None:
        """What the platform holds of that batch; None: nothing. Raises SystemUnreachable."""
        path = self._profile.platform.endpoints.batch.format(batch_no=quote(batch_no, safe=""))
        try:
            receipt = self._client.read(
                path,
                {},
                lambda answer: _batch_receipt(self._profile, answer),
                method=self._profile.platform.read_method,
            )
        except NotFound:
            return None
        if receipt.batch_no != batch_no:
            raise SystemUnreachable(f"DB-{AREA}-019", path=path, what="batchNo")
        return receipt


class DocumentChannel:
    """Documents that the platform stores whole and answers with a receipt number: one per message.

    `draw`: key `stage/round/commitment`, `…/closing`, `…/list` or `…/draw`, payload the document's canonical
    text; a commitment names its contributors, a certificate its seed, a list of drawn objects the
    certificate, anything else is a closing or an abandonment.
    `materials`: key the department's code, payload `Materials` as JSON.  The platform knows no batch number
    for these: the receipt carries ours, and an unknown outcome is settled by sending the same bytes again.
    """

    system = "platform"

    def __init__(
        self, client: Client, profile: Profile, kind: Literal["draw", "materials"], task_id: str
    ) -> None:
        self._client, self._profile = client, profile
        self.kind = kind
        rules = profile.platform
        self._rule = rules.capability.draw if kind == "draw" else rules.capability.materials
        endpoints = rules.endpoints
        task = quote(task_id, safe="")
        self._paths: dict[str, str] = {
            "commitment": endpoints.commitment.format(task_id=task),
            "closing": endpoints.closing.format(task_id=task),
            "list": endpoints.draw.format(task_id=task),
            "draw": endpoints.draw.format(task_id=task),
            "materials": endpoints.materials.format(task_id=task),
        }

    @property
    def capability(self) -> Capability:
        """From the profile; documents go out in the order in which they were made."""
        return self._rule.capability()

    @property
    def batch_size(self) -> int:
        """One document per message."""
        return 1

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        """Canonical JSON around the document. Raises DB-INPUT-040 if key and document do not fit."""
        if len(items) != 1:
            raise DrawbridgeError("DB-INPUT-040", detail=f"{len(items)} documents in one message")
        item = items[0]
        if self.kind == "materials":
            return canonical(
                platform_rows.materials_out(self._profile, Materials.model_validate_json(item.payload))
            )
        stage, round_no, kind = [*item.key.split("/"), "", ""][:3]
        if kind != document_kind(item.payload) or not round_no.isdigit():
            raise DrawbridgeError("DB-INPUT-040", detail=item.key)
        name = self._profile.platform.name
        return canonical(
            {
                name("draw", "stage"): self._profile.theirs("draw_stage", stage),
                name("draw", "round"): int(round_no),
                name("draw", "document"): item.payload,
                name("draw", "digest"): hashlib.sha256(item.payload.encode("utf-8")).hexdigest(),
            }
        )

    def send(self, batch_no: str, body: bytes) -> Receipt:
        """Sends once. Raises NotSent, Ambiguous or Refused."""
        key, path = self._key_and_path(json.loads(body))

        def interpret(answer: Answer) -> Receipt:
            rules = self._profile.platform
            data, _ = open_envelope(answer, rules.envelope, rules.codes)
            try:
                receipt = Receipt(
                    batch_no=batch_no,
                    digest=_text(data, rules.name("batch", "digest")),
                    received_at=platform_rows.time(
                        self._profile, data.get(rules.name("batch", "received_at"))
                    ),
                    rows=(
                        RowReply(
                            key=key,
                            state=ReplyState.ACCEPTED,
                            receipt_no=_text(data, rules.name("batch", "receipt_no")),
                        ),
                    ),
                )
            except Drift as drift:
                raise Fault("drift", where=str(drift)) from None
            check_receipt(receipt, batch_no, body, {key})
            return receipt

        return self._client.write(path, body, _JSON, interpret)

    def query(self, batch_no: str) -> Receipt | None:
        """There is no such question for documents: always raises SystemUnreachable DB-PLATFORM-025."""
        raise SystemUnreachable(f"DB-{AREA}-025", kind=self.kind)

    def _key_and_path(self, message: Row) -> tuple[str, str]:
        name = self._profile.platform.name
        if self.kind == "materials":
            return str(message[name("materials", "dept_code")]), self._paths["materials"]
        kind = document_kind(str(message[name("draw", "document")]))
        stage = self._profile.ours("draw_stage", message[name("draw", "stage")])
        return f"{stage}/{message[name('draw', 'round')]}/{kind}", self._paths[kind]


def form_channel(client: Client, profile: Profile, task_id: str) -> BatchChannel:
    """一企一表, one batch after the other."""
    rules = profile.platform
    return BatchChannel(
        client,
        profile,
        "form",
        rules.endpoints.forms.format(task_id=quote(task_id, safe="")),
        rules.capability.form,
        lambda payload: platform_rows.form_out(profile, InspectionForm.model_validate_json(payload)),
        lambda row: str(row[rules.name("form", "form_no")]),
    )


def confirmation_channel(client: Client, profile: Profile, task_id: str) -> BatchChannel:
    """比对和确认 given in our system."""
    rules = profile.platform
    return BatchChannel(
        client,
        profile,
        "confirmation",
        rules.endpoints.confirmations.format(task_id=quote(task_id, safe="")),
        rules.capability.confirmation,
        lambda payload: platform_rows.confirmation_out(profile, Confirmation.model_validate_json(payload)),
        lambda row: (
            f"{row[rules.name('confirmation', 'object_id')]}/{row[rules.name('confirmation', 'dept_code')]}"
        ),
    )


def document_kind(text: str) -> DocumentKind:
    """What a document of the draw is, by its members (draw-spec §2, §5)."""
    try:
        document = json.loads(text)
    except ValueError:
        raise DrawbridgeError("DB-INPUT-040", detail="no JSON document") from None
    if isinstance(document, dict):
        if "seed" in document:
            return "draw"
        if "certificate_digest" in document:
            return "list"
        if "contributors" in document:
            return "commitment"
        if "contributions" in document:
            return "closing"
    raise DrawbridgeError("DB-INPUT-040", detail="no document of the draw")


def canonical(value: dict[str, Any]) -> bytes:
    """RFC 8785 bytes. Raises DB-INPUT-040 for text that UTF-8 cannot hold or numbers beyond 2^53."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise DrawbridgeError("DB-INPUT-040", detail=type(error).__name__) from error


def check_receipt(receipt: Receipt, batch_no: str, body: bytes, keys: set[str]) -> None:
    """A receipt speaks of what was sent, or says nothing: Fault `receipt` (the outcome is unknown).

    Rows that are missing stay unknown and are no fault; a row never sent, or one that comes twice, is.
    """
    answered = [row.key for row in receipt.rows]
    wrong = None
    if receipt.batch_no != batch_no:
        wrong = "batchNo"
    elif receipt.digest != hashlib.sha256(body).hexdigest():
        wrong = "digest"
    elif len(set(answered)) != len(answered) or not set(answered) <= keys:
        wrong = "rows"
    if wrong is not None:
        raise Fault("receipt", what=wrong)


def _batch_receipt(profile: Profile, answer: Answer) -> Receipt:
    rules = profile.platform
    name = rules.name
    data, _ = open_envelope(answer, rules.envelope, rules.codes)
    try:
        return Receipt(
            batch_no=_text(data, name("batch", "batch_no")),
            digest=_text(data, name("batch", "digest")),
            received_at=platform_rows.time(profile, data.get(name("batch", "received_at"))),
            rows=tuple(
                RowReply(
                    key=_text(row, name("batch", "key")),
                    state=_state(profile, row),
                    code=_code_text(row.get(name("batch", "code"))),
                    text=safe_text(row.get(name("batch", "text"))) or None,
                    receipt_no=row.get(name("batch", "receipt_no")),
                )
                for row in platform_rows.rows_of(data, name("batch", "rows"))
            ),
        )
    except (Drift, ValidationError, ValueError) as error:
        raise Fault(
            "drift", where=str(error) if isinstance(error, Drift) else name("batch", "rows")
        ) from None


def _state(profile: Profile, row: Row) -> ReplyState:
    member = profile.platform.name("batch", "state")
    state = profile.ours("reply_state", row.get(member))
    if state is None:
        raise Drift(member)
    return ReplyState(state)


def _code_text(code: object) -> str | None:
    """The code of a refused row; numbers are written as their digits."""
    if isinstance(code, int) and not isinstance(code, bool):
        return str(code)
    return None if code in (None, "") else str(code)


def _text(row: Row, member: str) -> str:
    value = row.get(member)
    if not isinstance(value, str):
        raise Drift(member)
    return value
