"""Where an announced public number is read (interfaces E)."""

from __future__ import annotations

from urllib.parse import quote

from connectors.faults import Fault, NotFound
from connectors.http import Answer, Client
from connectors.profile import PublicNumberRule
from connectors.replies import read_json


class HttpPublicNumbers:
    """`connectors.protocols.PublicNumbers` over HTTP, at an address of the profile's."""

    def __init__(self, client: Client, rule: PublicNumberRule) -> None:
        self._client, self._rule = client, rule

    def value(self, number_id: str) -> str | None:
        """The value, or None before it is announced. Raises SystemUnreachable, also for another number."""
        if self._rule.path is None:
            return None
        path = self._rule.path.format(number_id=quote(number_id, safe=""))

        def interpret(answer: Answer) -> str:
            if answer.status == 404:
                raise Fault("not_found", answer_code="404", answer_text="")
            data, _ = read_json(answer)
            if answer.status >= 400:
                raise Fault("status", status=answer.status)
            if not isinstance(data, dict) or data.get(self._rule.id) != number_id:
                raise Fault("drift", where=self._rule.id)
            value = data.get(self._rule.value)
            if not isinstance(value, str) or not value:
                raise Fault("drift", where=self._rule.value)
            return value

        try:
            return self._client.read(path, {}, interpret)
        except NotFound:
            return None
