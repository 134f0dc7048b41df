"""All that passes between pipeline and mock is valid by the contracts, as other people's code judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.end_to_end.installation import PLAN, PROJECT, TASK, Installation, MockProcess
from tests.end_to_end.recording_proxy import Exchange, recording

_CONTRACTS = PROJECT / "schemas" / "contracts"


class SeenRequest:
    """An exchange's request as openapi-core reads one."""

    def __init__(self, exchange: Exchange, host: str) -> None:
        parts = urlsplit(exchange.target)
        self.host_url, self.path = host, parts.path
        self.method = exchange.method.lower()
        self.body = exchange.request_body or None
        self.content_type = exchange.request_headers.get("Content-Type", "").partition(";")[0]
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(parts.query)), header=Headers(exchange.request_headers)
        )


class SeenAnswer:
    """An exchange's answer as openapi-core reads one."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code, self.data = exchange.status, exchange.answer_body
        self.content_type = exchange.answer_headers.get("content-type", "").partition(";")[0]
        self.headers = exchange.answer_headers


@pytest.fixture
def traffic(
    mocks: Callable[..., MockProcess], installation: Installation
) -> tuple[list[Exchange], list[Exchange], str]:
    """All exchanges of one campaign, with each of both systems; and the platform's address."""
    mock = mocks(PLAN, "--objects", 40)
    installation.environment.update(mock.settings(TASK))
    with recording(mock.platform_url) as platform, recording(mock.publicity_url) as publicity:
        installation.environment.update(
            DRAWBRIDGE_PLATFORM_URL=platform.url, DRAWBRIDGE_PUBLICITY_URL=publicity.url
        )
        ran = installation.call("run", PLAN, "--no-prefect", "--json")
    assert ran.code == 0, ran.err
    return platform.exchanges, publicity.exchanges, platform.url


def test_json_by_the_openapi_document_and_xml_by_the_schema(
    traffic: tuple[list[Exchange], list[Exchange], str],
) -> None:
    platform, publicity, address = traffic
    contract = OpenAPI.from_file_path(str(_CONTRACTS / "platform.openapi.yaml"))
    faults: list[str] = []
    judged: Counter[str] = Counter()
    for exchange in platform:
        if not exchange.target.startswith("/api/"):
            continue
        request = SeenRequest(exchange, address)
        try:
            contract.validate_request(request)
            contract.validate_response(request, SeenAnswer(exchange))
        except OpenAPIError as error:
            faults.append(f"{exchange.method} {exchange.target}: {error} {error.__cause__}")
        judged[exchange.method] += 1
    assert faults == []
    assert judged["GET"] > 10
    assert judged["POST"] >= 5

    schema = etree.XMLSchema(etree.parse(str(_CONTRACTS / "exchange.xsd")))
    posted = [exchange for exchange in publicity if exchange.method == "POST"]
    assert posted
    for exchange in publicity:
        if not exchange.target.startswith("/exchange/"):
            continue
        for body in filter(None, (exchange.request_body, exchange.answer_body)):
            schema.assertValid(etree.fromstring(body))
