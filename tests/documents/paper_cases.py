"""The papers that are looked at: plain ones, and those that try a layout hardest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from documents.paper import draw_record, forms, groups, letters, slips
from documents.paper.forms import Owner
from documents.paper.slips import Draw, read_draw
from draw.canonical import digest
from draw.compute import compute_objects, correct_objects
from draw.objects import Objection
from schemas.codes import CheckMethod, Disposal, RegistrationState, ResultCode, SignatureState
from schemas.form import FormItem, FormObject, InspectionForm
from schemas.inspector import Expert
from schemas.item import InspectionItem
from schemas.result import ItemResult, TransferDecision, Visit
from tests.documents.papers import campaign, form
from tests.draw import lists

LONG_NAME = "清河县" + "经济技术开发区羊绒制品与汽车零部件" * 3 + "制造有限公司"
RARE = "𠮷㙍㐂" + chr(0xE816) + chr(0xE81E) + chr(0xE000)
"""Three rare ones, two private ones that GB 18030-2022 has characters for, one that it has not."""
MARKUP = "#let*$x$@y\\_`<z>[a]~-- //"
"""Each of these characters means something in a template."""

CODE_OF_LONG = "91" + "130534" + "MA0ABCDEF" + "X"


def hard_form() -> InspectionForm:
    """Twelve items with materials, a name of more than sixty characters, rare ones in the address."""
    items = tuple(
        FormItem(
            item_code=f"I-{n}",
            item_name=f"第{n}项：生产建设项目水土保持方案实施情况及水土流失防治责任落实情况的监督检查",
            dept_code="SW" if n < 7 else "SC",
            materials=(
                "水土保持方案报告书及批复文件",
                "水土保持监测季报",
                "水土保持补偿费缴纳凭证",
                "营业执照",
            ),
        )
        for n in range(1, 13)
    )
    objects = (
        FormObject(
            object_id="清审水保〔2023〕018号", name="日产五千吨骨料生产线及配套物流园区建设项目（一期）" * 2
        ),
        FormObject(object_id="A" * 60, name=MARKUP),
    )
    return form(2, ent_name=LONG_NAME, address=RARE + "路" + MARKUP, items=items, objects=objects)


def household_form() -> InspectionForm:
    """An individual household (个体工商户): no legal representative, nobody's telephone."""
    return form(3, ent_name="清河县长江街老王羊绒店", address=None)


def result(
    of: InspectionForm, item_code: str, code: ResultCode, disposal: Disposal, **more: Any
) -> ItemResult:
    item = next(item for item in of.items if item.item_code == item_code)
    at = datetime(2024, 6, 20, 8, 30, tzinfo=UTC)
    members: dict[str, Any] = {
        "result_id": f"{of.uscc}-{item_code}",
        "task_id": of.task_id,
        "uscc": of.uscc,
        "item_code": item_code,
        "item_name": item.item_name,
        "dept_code": item.dept_code,
        "code": code,
        "problem": None if code is ResultCode.NO_PROBLEM else "未按规定公示年度报告中的股东出资信息，" * 3,
        "disposal": disposal,
        "completed_at": at,
        "entered_at": at,
        "updated_at": at,
        "visit": Visit(
            agreed_on=date(2024, 6, 20),
            arrived_at=datetime(2024, 6, 20, 1, 5, tzinfo=UTC),
            left_at=datetime(2024, 6, 20, 3, 40, tzinfo=UTC),
            methods=(CheckMethod.ON_SITE, CheckMethod.DOCUMENTS),
            cert_shown=True,
            signature=SignatureState.REFUSED,
            refusal_note="法定代表人认为与本单位无关，拒绝签字，现场有录像",
            experts=(Expert(name="专业人员甲", role="水土保持监测高级工程师"),),
            documents=("县自然资源局用地检查意见〔2024〕12号",),
        ),
        "subject_state": RegistrationState.ACTIVE,
        "guided": True,
    }
    return ItemResult.model_validate(members | more)


def drawn() -> tuple[Draw, list[str], bytes, bytes]:
    """A draw of 120 objects with one replaced: what is shown, the standing ids, the certificate, the list."""
    rows = sorted(f"清水审〔2023〕{n:03d}号\t{lists.NAMES[n % 3]}\t9113053400{n:08d}\n" for n in range(120))
    eligible = "".join(rows).encode()
    commitment = lists.commitment(eligible)
    first = compute_objects(commitment, lists.VALUES, eligible)
    replaced = read_draw(first, eligible)
    gone = replaced.certificate["winners"][0]["object_id"]
    at = "2024-05-31T17:00:00+08:00"
    certificate = correct_objects(first, eligible, [Objection(gone, "注销", "县领导小组办公室", at)])
    shown = read_draw(certificate, eligible)
    standing = [one for one in shown.objects if one != gone]
    return shown, standing, certificate, eligible


def slip_data() -> dict[str, Any]:
    """A slip of an enterprise with two drawn objects, the second in the place of another."""
    shown, standing, _, _ = drawn()
    came = next(one for one in standing if shown.objects[one].replaces)
    first = next(one for one in standing if not shown.objects[one].replaces)
    objects = tuple(FormObject(object_id=one, name="清河县开发区二期厂房项目") for one in (first, came))
    return slips.slip_paper(
        campaign(), form(1, objects=objects), shown, "https://verifier.invalid/index.html"
    )


def record_data() -> dict[str, Any]:
    shown, _, certificate, _ = drawn()
    names = dict.fromkeys(shown.objects, "清河县开发区二期厂房及配套设施建设项目")
    steps = [draw_record.Step("2024年5月28日09:00", "封存名单，公布承诺书", digest(certificate))]
    held = draw_record.HeldDraw(
        "对象抽取", 1, shown.certificate["commitment"], shown.certificate, shown.digest, steps, names
    )
    return draw_record.draw_record_paper(campaign(), [held])


def catalogue() -> dict[str, InspectionItem]:
    basis = ("《中华人民共和国水土保持法》第二十九条、第四十三条", "《生产建设项目水土保持方案管理办法》")
    return {
        code: InspectionItem(
            item_code=code,
            item_name=name,
            kind="1",
            dept_code=dept,
            legal_basis=basis,
            content="批复文件、监测资料",
        )
        for code, name, dept in (
            ("SW-01", "生产建设项目水土保持审批的后续监管", "SW"),
            ("SC-01", "登记事项检查", "SC"),
            ("SC-02", "公示信息检查", "SC"),
        )
    }


def cases() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of the case -> template and data."""
    plan, visits = campaign(), [form(n) for n in range(1, 8)]
    one, household, hard = visits[0], household_form(), hard_form()
    owner = Owner("法定代表人甲", "0319-0000000", "有限责任公司")
    found = [
        result(one, "SW-01", ResultCode.PENDING, Disposal.POLICE),
        result(one, "SC-01", ResultCode.ORDERED_TO_CORRECT, Disposal.CORRECTION),
        result(one, "SC-02", ResultCode.NOT_PUBLICISED, Disposal.CORRECTION),
    ]
    decided = TransferDecision(
        decided_on=date(2024, 6, 25),
        decision="涉嫌犯罪，移送县公安局",
        recipient="清河县公安局",
        receipt="〔2024〕3号",
    )
    leads = [
        found[0].model_copy(update={"transfer": decided}),
        result(visits[1], "SW-01", ResultCode.PENDING, Disposal.CASE),
    ]
    by_uscc = {visit.uscc: visit for visit in visits}
    mobiles = {"SW-1": "13900000001", "SC-1": "13900000002"}
    roster = groups.groups_paper(plan, visits, mobiles, date(2024, 6, 1))
    return {
        "form": (forms.TEMPLATE, forms.form_paper(plan, [one], {one.uscc: owner})),
        "form-filled": (forms.TEMPLATE, forms.form_paper(plan, [one], {}, {one.uscc: found})),
        "form-hard": (forms.TEMPLATE, forms.form_paper(plan, [hard], {})),
        "form-group": (
            forms.TEMPLATE,
            forms.form_paper(plan, [one, household], {household.uscc: Owner(ent_type="个体工商户")}),
        ),
        "slip": (slips.TEMPLATE, slip_data()),
        "draw-record": (draw_record.TEMPLATE, record_data()),
        "announcement": (letters.ANNOUNCEMENT, letters.announcement_paper(plan, catalogue().values())),
        "notice": (letters.NOTICE, letters.notice_paper(plan, one, owner)),
        "notice-hard": (letters.NOTICE, letters.notice_paper(plan, hard, Owner())),
        "rectification": (
            letters.RECTIFICATION,
            letters.rectification_paper(plan, one, owner, found[1:], catalogue()),
        ),
        "transfers": (letters.TRANSFERS, letters.transfers_paper(plan, by_uscc, leads)),
        "groups": (groups.GROUPS, roster),
        "handover": (groups.HANDOVER, roster),
    }
