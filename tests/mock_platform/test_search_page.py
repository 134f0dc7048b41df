"""The page where a person looks an enterprise up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import html

from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import office_of
from tests.mock_platform.office import Office
from tests.mock_platform.raw_client import RawClient


def page(office: Office, target: str) -> html.HtmlElement:
    """What a browser shows, without a signature."""
    answer = RawClient(office.publicity.url, signed=False).send("GET", target)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html;charset=UTF-8")
    return html.document_fromstring(answer.body.decode())


def search(office: Office, wanted: str) -> dict[str, str]:
    """Names found and their links."""
    found = page(office, "/?q=" + "".join(f"%{byte:02X}" for byte in wanted.encode()))
    assert found.xpath("//input/@value") == [wanted]
    return {link.text_content(): link.get("href", "") for link in found.iterfind(".//table//a")}


def test_a_company_is_found_by_part_of_its_name_and_by_its_code(simulate: Callable[..., Simulator]) -> None:
    simulator = simulate(objects=12)
    office = office_of(simulator)
    row = simulator.world.objects[0]
    link = f"/entprise/{row['pripId']}"
    wanted = (row["entName"], row["entName"][3:6], row["ownerUniscid"], row["ownerUniscid"].lower())
    for text in wanted:
        assert search(office, text)[row["entName"]] == link, text
    assert search(office, "没有这样的企业") == {}
    shown = page(office, link).text_content()
    assert row["ownerUniscid"] in shown
    assert "暂无双随机抽查结果信息" in shown


def test_what_was_published_is_on_the_page_of_the_enterprise(office: Office) -> None:
    office.run()
    record = office.record(office.due()[0])
    office.publish("BATCH-0001", [record])
    office.settled("BATCH-0001")
    cells = [cell.text_content() for cell in page(office, f"/entprise/{record['pripId']}").iterfind(".//td")]
    for name in ("raninsPlanId", "raninsPlaneName", "raninsTaskId", "insAuth", "insDate"):
        assert record[name] in cells, name
    for one in record["details"]:
        place = cells.index(one["raninsItemName"])
        assert cells[place + 1] == one["raninsCheckResName"]


@pytest.mark.parametrize(
    "name", ["清河县<b>某</b>有限公司", '清河县"某&amp;某"厂', "清河县</title><script>某厂"]
)
def test_a_name_is_shown_letter_by_letter(simulator: Simulator, office: Office, name: str) -> None:
    code = simulator.world.objects[0]["ownerUniscid"]
    office.control.post("people", {"act": "rename", "who": code, "name": name})
    [(shown, link)] = search(office, name).items()
    assert shown == name
    found = page(office, link)
    assert found.findtext(".//h1") == name
    assert found.findtext(".//title") == name
    assert found.find(".//b") is None
    assert found.find(".//script") is None


def test_an_enterprise_that_is_not_registered_has_no_page(office: Office) -> None:
    assert RawClient(office.publicity.url, signed=False).send("GET", "/entprise/unknown").status == 404
