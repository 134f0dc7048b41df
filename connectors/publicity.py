"""The credit publicity system: the exchange's channel for records, what it holds, and the public view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import ValidationError

from connectors import exchange_xml
from connectors.faults import Fault, NotFound
from connectors.http import Answer, Client
from connectors.platform_channels import check_receipt
from connectors.profile import Profile
from connectors.protocols import Capability, Outgoing, SystemUnreachable
from connectors.replies import read_json
from schemas.codes import RegistrationState
from schemas.publication import (
    PublicationDetail,
    PublicationRecord,
    PublicEnterprise,
    PublicRow,
    Receipt,
)

AREA = "PUBLICITY"
_XML = "application/xml"


class RecordChannel:
    """Publication records to the exchange. `key`: the record id, `payload`: a `PublicationRecord` as JSON."""

    system = "publicity"
    kind = "record"

    def __init__(self, client: Client, profile: Profile) -> None:
        self._client, self._profile, self._rules = client, profile, profile.publicity

    @property
    def capability(self) -> Capability:
        """From the profile."""
        return self._rules.capability.record.capability(self._rules.limits.concurrency)

    @property
    def batch_size(self) -> int:
        """Most records in one message."""
        return self._rules.capability.record.batch_size

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        """The ExchangeMessage, valid by exchange.xsd. Raises DB-PUBLICITY-030, -031."""
        return exchange_xml.message(
            self._rules.sender,
            self._rules.receiver,
            batch_no,
            created_at,
            [PublicationRecord.model_validate_json(item.payload) for item in items],
            self._profile.clock,
        )

    def send(self, batch_no: str, body: bytes) -> Receipt:
        """Sends once. Raises NotSent, Ambiguous or Refused. Rows may be pending: `query` settles them."""
        keys = exchange_xml.message_keys(body)

        def interpret(answer: Answer) -> Receipt:
            receipt = exchange_xml.receipt(answer, self._rules.codes, self._profile.clock)
            check_receipt(receipt, batch_no, body, keys)
            return receipt

        return self._client.write(
            self._rules.endpoints.spotchecks, body, exchange_xml.CONTENT_TYPE, interpret
        )

    def query(self, batch_no: str) -> Receipt | None:
        """What the exchange holds of that batch; None: nothing. Raises SystemUnreachable."""
        path = self._rules.endpoints.receipt.format(batch_no=quote(batch_no, safe=""))
        try:
            receipt = self._client.read(
                path,
                {},
                lambda answer: exchange_xml.receipt(answer, self._rules.codes, self._profile.clock),
                accept=_XML,
            )
        except NotFound:
            return None
        if receipt.batch_no != batch_no:
            raise SystemUnreachable(f"DB-{AREA}-019", path=path, what="batchNo")
        return receipt


class HttpPublicity:
    """`connectors.protocols.Publicity` over HTTP."""

    def __init__(self, client: Client, profile: Profile) -> None:
        self._client, self._profile, self._rules = client, profile, profile.publicity

    def held(self, record_id: str) -> tuple[int, str, str] | None:
        """`(version, digest of the Record element, state)` that the exchange holds; None: nothing."""
        path = self._rules.endpoints.held.format(record_id=quote(record_id, safe=""))
        try:
            found, version, digest, state = self._client.read(
                path, {}, lambda answer: exchange_xml.held_record(answer, self._rules.codes), accept=_XML
            )
        except NotFound:
            return None
        if found != record_id:
            raise SystemUnreachable(f"DB-{AREA}-019", path=path, what="recordId")
        return version, digest, state

    def public_rows(self, prip_id: str) -> Sequence[PublicRow]:
        """What the public sees under one enterprise, in the system's order, details included.

        Raises SystemUnreachable; DB-PUBLICITY-021 if a page is served twice, -024 if they never end;
        DrawbridgeError -027 if a detail's link leads to another host.
        """
        path = self._rules.endpoints.public_rows.format(prip_id=quote(prip_id, safe=""))
        paging, name = self._rules.paging, self._rules.fields
        rows: list[PublicRow] = []
        before: list[Any] | None = None
        for number in range(paging.max_pages):
            query = {
                "draw": str(number + 1),
                "start": str(number * paging.length),
                "length": str(paging.length),
            }
            data = self._client.read(path, query, lambda answer: _object(answer, name["rows"]))
            entries, pages = data[name["rows"]], data.get(name["total_pages"])
            if not isinstance(pages, int) or isinstance(pages, bool):
                raise SystemUnreachable(f"DB-{AREA}-020", path=path, where=name["total_pages"])
            if entries and entries == before:
                raise SystemUnreachable(f"DB-{AREA}-021", page=number + 1, before=number)
            before = entries
            rows.extend(self._row(prip_id, entry) for entry in entries)
            if number + 1 >= pages:
                return rows
        raise SystemUnreachable(f"DB-{AREA}-024", pages=paging.max_pages)

    def public_enterprise(self, prip_id: str) -> PublicEnterprise | None:
        """Who the enterprise is today; None: the profile knows no such page, or there is no such enterprise.

        A registration state whose wording the profile does not know is `UNKNOWN`.  Raises SystemUnreachable.
        """
        rule = self._rules.enterprise
        if rule is None:
            return None
        path = rule.path.format(prip_id=quote(prip_id, safe=""))
        try:
            entry = self._client.read(path, {}, _document)
        except NotFound:
            return None
        for name in (rule.uscc, rule.ent_name, rule.reg_state):
            if not isinstance(entry.get(name), str):
                raise SystemUnreachable(f"DB-{AREA}-020", path=path, where=name)
        state = self._profile.ours("reg_state", entry[rule.reg_state].strip())
        return PublicEnterprise.model_validate(
            {
                "prip_id": prip_id,
                "uscc": entry[rule.uscc].strip(),
                "ent_name": entry[rule.ent_name].strip(),
                "reg_state": RegistrationState.UNKNOWN if state is None else state,
            }
        )

    def _row(self, prip_id: str, entry: dict[str, Any]) -> PublicRow:
        name = self._rules.fields
        try:
            return PublicRow(
                prip_id=prip_id,
                plan_id=entry[name["plan_id"]],
                plan_name=entry[name["plan_name"]],
                task_id=entry[name["task_id"]],
                task_name=entry[name["task_name"]],
                task_type=entry[name["task_type"]],
                authority=entry[name["authority"]],
                completed_on=self._shanghai_date(entry[name["completed_on"]]),
                details=self._details(str(entry[name["url"]])),
                published_on=self._published_on(entry),
            )
        except KeyError as error:
            raise SystemUnreachable(f"DB-{AREA}-020", path="", where=error.args[0]) from None
        except (ValidationError, ValueError, TypeError, OverflowError, OSError):
            raise SystemUnreachable(f"DB-{AREA}-020", path="", where=name["rows"]) from None

    def _details(self, url: str) -> tuple[PublicationDetail, ...]:
        parts = urlsplit(self._client.own_path(url))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        name = self._rules.fields
        path = quote(parts.path, safe="/%-._~")
        data = self._client.read(path, query, lambda answer: _object(answer, name["rows"]))
        return tuple(
            PublicationDetail(
                seq_no=int(row[name["seq_no"]]),
                item_name=row[name["item_name"]] or "",  # the public site leaves it empty at times
                result_name=row[name["result_name"]],
            )
            for row in data[name["rows"]]
        )

    def _published_on(self, entry: dict[str, Any]) -> date | None:
        value = entry.get(self._rules.published_on or "")
        return None if value in (None, "") else self._shanghai_date(value)

    def _shanghai_date(self, value: object) -> date:
        """The public view dates by milliseconds since 1970; exports of it by `yyyy-mm-dd`."""
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC).astimezone(self._profile.clock.zone_info).date()
        form, clock = self._rules.date_format, self._profile.clock
        if form is not None:
            clock = clock.model_copy(update={"date_format": form})
        return clock.read_date(str(value)[:10])


def _document(answer: Answer) -> dict[str, Any]:
    value, _ = read_json(answer)
    if answer.status >= 400:
        raise Fault("not_found" if answer.status == 404 else "status", status=answer.status)
    if not isinstance(value, dict):
        raise Fault("drift", where="{}")
    return value


def _object(answer: Answer, member: str) -> dict[str, Any]:
    value, _ = read_json(answer)
    if answer.status >= 400:
        raise Fault("not_found" if answer.status == 404 else "status", status=answer.status)
    if isinstance(value, list):
        value = {member: value}
    if not isinstance(value, dict) or not isinstance(value.get(member), list):
        raise Fault("drift", where=member)
    if not all(isinstance(row, dict) for row in value[member]):
        raise Fault("drift", where=member)
    return value
