"""What stands on the papers, and what does not."""

from __future__ import annotations

import json
from datetime import date

from documents.paper import forms, groups, letters, slips
from documents.paper.draw_record import HeldDraw, draw_record_paper
from documents.paper.forms import Owner
from documents.paper.qr import qr_svg
from documents.paper.slips import inclusion_paths, read_draw
from draw.canonical import digest
from draw.certificate import parse_certificate
from draw.merkle import inclusion_path
from draw.proof import check_proof, parse_proof, prove
from schemas.codes import Disposal, ResultCode
from schemas.form import FormObject
from tests.documents.paper_cases import catalogue, drawn, record_data, result, slip_data
from tests.documents.papers import campaign, form
from tests.draw import lists


def test_a_group_is_visited_in_the_order_of_its_numbers() -> None:
    visits = [form(n) for n in (5, 2, 8, 1, 4)]  # groups 3, 3, 3, 2, 2
    assert [one.form_no[-1] for one in forms.in_visiting_order(visits)] == ["1", "4", "2", "5", "8"]
    assert forms.places_in_groups(visits)[form(5).uscc] == 2


def test_without_results_nothing_is_ticked_and_with_them_what_is_on_record() -> None:
    one = form(1)
    empty = forms.form_paper(campaign(), [one], {})["forms"][0]
    ticks = [choice["on"] for key in ("methods", "states", "signature", "opinions") for choice in empty[key]]
    assert not any(ticks)
    assert (empty["cert_shown"], empty["guided"], empty["arrived_at"]) == (None, None, None)
    assert {item["result"] for d in empty["departments"] for item in d["items"]} == {None}
    found = [
        result(one, "SW-01", ResultCode.PENDING, Disposal.CASE),
        result(one, "SC-01", ResultCode.NO_PROBLEM, Disposal.NONE),
    ]
    filled = forms.form_paper(campaign(), [one], {}, {one.uscc: found})["forms"][0]
    items = {item["name"]: item for d in filled["departments"] for item in d["items"]}
    assert items["生产建设项目水土保持审批的后续监管"]["result"] == "8"
    assert items["登记事项检查"]["problem"] == "无"
    assert items["公示信息检查"]["result"] is None  # nobody entered it: that is not 未发现问题
    assert [choice["label"] for choice in filled["signature"] if choice["on"]] == ["拒绝签字"]
    assert filled["arrived_at"] == "2024年6月20日09:05"


def test_a_proof_on_a_slip_is_the_one_that_the_verifiers_read() -> None:
    shown, standing, certificate, eligible = drawn()
    for object_id in standing[:3]:
        proof = slips.proof_of(shown, object_id)
        assert proof == prove(parse_certificate(certificate), eligible, object_id)
        checked = check_proof(parse_proof(proof), parse_certificate(certificate))
        assert {state for _, state in checked} == {"ok"}


def test_paths_are_those_of_the_tree_for_every_size() -> None:
    for count in range(1, 34):
        lines = lists.plain(count)
        assert inclusion_paths(lines, range(count)) == {n: inclusion_path(lines, n) for n in range(count)}


def test_ranks_are_the_order_of_the_certificate() -> None:
    shown, _, certificate, _ = drawn()
    strata = {stratum["name"]: stratum["drawn"] for stratum in parse_certificate(certificate)["strata"]}
    for winner in parse_certificate(certificate)["winners"]:
        one = shown.objects[winner["object_id"]]
        assert one.ticket == winner["ticket"]
        assert 1 <= one.rank <= strata[one.stratum]
    came = [one for one in shown.objects.values() if one.replaces]
    assert [one.rank for one in came] == [strata[one.stratum] + 1 for one in came]


def test_a_slip_says_why_and_where_to_check() -> None:
    data = slip_data()
    first, came = data["objects"]
    assert first["replaces"] is None
    assert came["replaces"]["reason"] == "注销"
    assert first["rank"] <= first["seats"]
    assert came["rank"] > came["seats"]
    assert data["verifier_qr"] == qr_svg("https://verifier.invalid/index.html")
    assert data["public"][0]["value"] == lists.VALUES[lists.LOTTERY]
    without = slips.slip_paper(campaign(), form(1), drawn()[0], None)
    assert without["objects"] == []
    assert without["verifier_qr"] is None


def test_the_record_of_a_draw_that_is_not_public_keeps_its_values() -> None:
    shown, _, certificate, eligible = drawn()
    assert record_data()["draws"][0]["seed"] == shown.certificate["seed"]
    held = HeldDraw("对象抽取", 1, shown.certificate["commitment"], None, digest(certificate), [], {})
    text = json.dumps(draw_record_paper(campaign(), [held]), ensure_ascii=False)
    assert shown.certificate["seed"] not in text
    assert lists.VALUES[lists.DEPARTMENT] not in text
    for reserve in read_draw(certificate, eligible).certificate["reserves"].values():
        assert not [one for one in reserve if one in text]


def test_an_order_to_correct_has_its_deadline() -> None:
    one = form(1)
    found = [
        result(one, "SC-01", ResultCode.ORDERED_TO_CORRECT, Disposal.CORRECTION),
        result(one, "SC-02", ResultCode.NOT_PUBLICISED, Disposal.NONE),
        result(one, "SW-01", ResultCode.PENDING, Disposal.CASE),
    ]
    orders = letters.orders_of(found)
    assert list(orders) == [(one.uscc, "SC")]
    paper = letters.rectification_paper(campaign(), one, Owner(), orders[one.uscc, "SC"], catalogue(), 20)
    assert paper["department"] == "清河县市场监督管理局"
    # Completed on 20 June in Shanghai: twenty days; ten for an order to publicise.
    assert [problem["by"] for problem in paper["problems"]] == ["2024年7月10日", "2024年6月30日"]
    assert paper["problems"][0]["basis"] == list(catalogue()["SC-01"].legal_basis)


def test_leads_are_listed_by_who_receives_them() -> None:
    one, other = form(1), form(2)
    found = [
        result(one, "SW-01", ResultCode.PENDING, Disposal.POLICE),
        result(other, "SC-01", ResultCode.PENDING, Disposal.REFERRAL),
        result(other, "SC-02", ResultCode.NO_PROBLEM, Disposal.NONE),
    ]
    paper = letters.transfers_paper(campaign(), {one.uscc: one}, found)
    listed = {
        section["heading"]: [row["ent_name"] for row in section["rows"]] for section in paper["sections"]
    }
    assert listed == {
        "移交案件查办机构": [],
        "移送其他监管部门": [other.uscc],
        "移送公安司法机关": [one.ent_name],
    }
    assert paper["sections"][1]["rows"][0]["state"] == "待领导小组研究"


def test_an_announcement_says_basis_subject_content_and_method() -> None:
    paper = letters.announcement_paper(campaign(), catalogue().values())
    assert [d["name"] for d in paper["departments"]] == ["清河县水务局", "清河县市场监督管理局"]
    first = paper["departments"][0]["items"][0]
    assert first["name"] == "生产建设项目水土保持审批的后续监管"
    assert first["basis"] == list(catalogue()["SW-01"].legal_basis)


def test_a_substitute_stands_on_the_roster_with_the_visits_it_goes_to() -> None:
    visits = [form(n, group=1) for n in (1, 2, 3)]
    people = list(visits[1].inspectors)
    people[1] = people[1].model_copy(update={"inspector_id": "SW-9", "name": "替补员"})
    visits[1] = form(2, group=1, inspectors=tuple(people))
    paper = groups.groups_paper(campaign(), visits, {"SW-9": "13900000009"}, date(2024, 6, 1))
    (group,) = paper["groups"]
    seats = {person["name"]: (person["only"], person["mobile"]) for person in group["inspectors"]}
    assert seats["替补员"] == ([2], "13900000009")
    assert seats["试验员SW2"] == ([1, 3], None)
    assert seats["试验员SW1"] == ([], None)
    assert paper["kept_until"] == "2024年10月29日"


def test_a_household_has_an_operator() -> None:
    assert Owner(ent_type="个体工商户").signs_as == "经营者"
    assert Owner(ent_type="有限责任公司").signs_as == Owner().signs_as == "法定代表人（负责人）"


def test_an_object_of_a_form_that_was_not_drawn_is_not_on_the_slip() -> None:
    shown, standing, _, _ = drawn()
    objects = (FormObject(object_id=standing[0], name="甲"), FormObject(object_id="别处", name="乙"))
    data = slips.slip_paper(campaign(), form(1, objects=objects), shown, None)
    assert [one["name"] for one in data["objects"]] == ["甲"]
