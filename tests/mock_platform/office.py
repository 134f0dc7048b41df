"""The office's side of a whole campaign, by hand: what it reads, draws and sends, with the raw client.

The draw's documents are made by our `draw` package, which is proven by vectors of its own;
everything else is written here from the contract.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from stdnum.cn import uscc

from draw.canonical import digest
from draw.certificate import objects_of_next_stage, parse_certificate, team_of_visit
from draw.commitment import (
    Public,
    Sealed,
    build_inspectors_commitment,
    build_objects_commitment,
    parse_commitment,
)
from draw.compute import InspectorFiles, compute_inspectors, compute_objects, correct_objects
from draw.frozen import Department, freeze_inspectors, freeze_objects
from draw.objects import Objection
from draw.reveal import build_closing
from tests.mock_platform.raw_client import Control, RawClient
from tests.mock_platform.spotchecks import message

Row = dict[str, Any]
TASK = "130534202405281001"
PLAN_ID = "13053420241001"
DEPARTMENTS = {"SW": "清河县水务局", "SC": "清河县市场监督管理局"}
# The plan's numbers that are asked for: moment of the announcement, Beijing time, and id.
NUMBERS = [
    ("2024-05-30T21:15:00+08:00", "双色球2024061"),
    ("2024-06-02T21:15:00+08:00", "双色球2024062"),
    ("2024-06-04T21:15:00+08:00", "双色球2024063"),
    ("2024-06-06T21:15:00+08:00", "双色球2024064"),
    ("2024-06-09T21:15:00+08:00", "双色球2024065"),
]
STRATA = [("A", "0.05"), ("B", "0.1"), ("C", "0.2"), ("D", "0.5"), ("none", "0.1")]
REPLACING = {"1", "2", "3", "4", "5"}
# 国家企业信用信息公示系统的八种抽查结果。
WORDINGS = {
    "1": "未发现问题",
    "2": "未按规定公示应当公示的信息",
    "3": "公示信息隐瞒真实情况、弄虚作假",
    "4": "通过登记的住所（经营场所）无法联系",
    "5": "发现问题已责令改正",
    "6": "不配合检查情节严重",
    "7": "未发现开展本次抽查涉及的经营活动",
    "8": "发现问题待后续处理",
}


@dataclass
class Office:
    """Who runs the campaign. Each method is one step of the notice; what it learnt stays in the members."""

    platform: RawClient
    publicity: RawClient
    control: Control
    objects: list[Row] = field(default_factory=list)
    inspectors: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    eligible: bytes = b""
    certificate: bytes = b""
    assignment: bytes = b""
    forms: list[Row] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.fromisoformat(self.control.get("clock")["now"])

    def path(self, rest: str) -> str:
        return f"/api/v1/tasks/{TASK}/{rest}"

    # --- directories ---------------------------------------------------------------------

    def pages(self, path: str, size: int = 50, **query: object) -> list[Row]:
        """All rows, page by page, of one snapshot where there is one."""
        rows: list[Row] = []
        number = 1
        while True:
            page = self.platform.get(path, pageNo=number, pageSize=size, **query)
            rows += page["rows"]
            if page["snapshot"]:
                query["snapshot"] = page["snapshot"]
            if number * size >= page["total"]:
                assert len(rows) == page["total"]
                return rows
            number += 1

    def sync(self) -> None:
        self.objects = self.pages("/api/v1/directories/objects")
        self.inspectors = self.pages("/api/v1/directories/inspectors")
        self.items = self.platform.get("/api/v1/directories/items")["rows"]

    def fit_objects(self) -> list[Row]:
        """Rows without any dirt that the plan allows to draw: a stricter reading than the rules'."""
        times = Counter(row["objectId"] for row in self.objects)
        names: dict[str, set[str]] = {}
        for row in self.objects:
            names.setdefault(str(row["ownerUniscid"]).strip().upper(), set()).add(str(row["ownerName"]))
        return [
            row
            for row in self.objects
            if row["ownerUniscid"]
            and uscc.is_valid(row["ownerUniscid"])
            and uscc.compact(row["ownerUniscid"]) == row["ownerUniscid"]
            and re.fullmatch(r"[\w（）]+", row["ownerName"] or "")
            and len(names[row["ownerUniscid"]]) == 1
            and times[row["objectId"]] == 1
            and row["regState"] in (None, "1")
            and row["isValid"] == "1"
            and row["admCode"] == "130534"
            and row["tags"] == ["生产建设项目"]
            and row["checksThisYear"] in (None, 0)
        ]

    # --- the draw --------------------------------------------------------------------------

    def objects_commitment(self, ratio: str = "0.1") -> bytes:
        """Freezes the directory; the departments' seals are asked for first."""
        terms = self.terms("objects")
        frozen = freeze_objects(
            [
                (row["objectId"], row["riskGrade"] or "none", row["ownerUniscid"])
                for row in self.fit_objects()
            ],
            [name for name, _ in STRATA],
        )
        self.eligible = frozen.files["eligible.tsv"]
        return build_objects_commitment(frozen, campaign=TASK, ratio=ratio, strata=STRATA, **terms)

    def terms(self, stage: str) -> Row:
        """Seals, moments and the public number, as a commitment wants them."""
        seals: dict[str, str] = {}
        for _ in DEPARTMENTS:
            shown = self.platform.get(self.path("draw/seals"), stage=stage, round=1)
            seals = {one["contributor"]: one["commitment"] for one in shown["seals"]}
        assert set(seals) == set(DEPARTMENTS.values())
        now = self.now()
        reveal_by = (now + timedelta(days=1)).replace(hour=18, minute=0, second=0)
        at, number = next((at, n) for at, n in NUMBERS if datetime.fromisoformat(at) > reveal_by)
        contributors: list[Sealed | Public] = [Sealed(name, value) for name, value in sorted(seals.items())]
        contributors.append(Public(number, at, "红球升序六个，蓝球一个", "^[0-9]{2}( [0-9]{2}){6}$"))
        return {
            "frozen_at": now.isoformat(),
            "reveal_by": reveal_by.isoformat(),
            "contributors": contributors,
        }

    def post_document(self, kind: str, stage: str, document: bytes) -> Row:
        body = {"stage": stage, "round": 1, "document": document.decode(), "digest": digest(document)}
        answer: Row = self.platform.post(self.path(kind), body)
        return answer

    def reveals(self, stage: str) -> dict[str, str]:
        """Polled until everybody has opened; each poll lets one more do so."""
        values: dict[str, str] = {}
        for _ in DEPARTMENTS:
            shown = self.platform.get(self.path("draw/reveals"), stage=stage, round=1)["reveals"]
            values = {one["contributor"]: one["value"] for one in shown}
        return values

    def values(self, stage: str, commitment: bytes) -> dict[str, str]:
        """Commitment, reveals, closing, public number: all values."""
        self.post_document("draw/commitment", stage, commitment)
        values = self.reveals(stage)
        self.post_document("draw/closing", stage, build_closing(commitment, values))
        number = parse_commitment(commitment)["contributors"][-1]["id"]
        return {**values, number: self.public_number(number)}

    def public_number(self, number: str) -> str:
        target = "/public-numbers/" + "".join(f"%{byte:02X}" for byte in number.encode())
        answer = self.platform.send("GET", target).json()
        assert answer["id"] == number
        return str(answer["value"])

    def draw_objects(self, ratio: str = "0.1") -> None:
        commitment = self.objects_commitment(ratio)
        self.certificate = compute_objects(commitment, self.values("objects", commitment), self.eligible)
        self.post_document("draw", "objects", self.certificate)

    def confirmations(self, wanted: set[str]) -> list[Row]:
        """Polled until both departments have answered on all those objects."""
        for _ in range(8):
            rows: list[Row] = self.platform.get(self.path("confirmations"))["rows"]
            answered = Counter(row["objectId"] for row in rows)
            if all(answered[one] == len(DEPARTMENTS) for one in wanted):
                return rows
        raise AssertionError("the departments do not answer")

    def confirm(self) -> list[Row]:
        """The departments' answers; what they object to with reason is replaced, and confirmed in turn."""
        while True:
            document = parse_certificate(self.certificate)
            gone = {one["object_id"] for one in document["replacements"]}
            came = {one["by"] for one in document["replacements"]} - {None}
            standing = ({one["object_id"] for one in document["winners"]} | came) - gone
            rows = self.confirmations(standing)
            accepted = {
                row["objectId"]: row
                for row in rows
                if row["verdict"] == "2" and row["reason"] in REPLACING and row["objectId"] in standing
            }
            if not accepted:
                return rows
            at = self.now().isoformat()
            batch = [Objection(one, row["reason"], "县双随机办", at) for one, row in accepted.items()]
            self.certificate = correct_objects(self.certificate, self.eligible, batch)
            self.post_document("draw", "objects", self.certificate)

    def draw_inspectors(self) -> None:
        enterprises = objects_of_next_stage(parse_certificate(self.certificate))
        today, end = f"{self.now():%Y-%m-%d}", "2024-07-31"
        fit = {
            row["inspectorId"]: row
            for row in self.inspectors
            if row["role"] == "1" and row["status"] == "1" and row["certNo"]
            if row["certValidFrom"] <= today and row["certValidTo"] >= end
        }
        rosters = {code: [i for i, row in fit.items() if row["deptCode"] == code] for code in DEPARTMENTS}
        barred = [
            (pair["uniscid"], one, pair["reason"])
            for one, row in fit.items()
            for pair in row["recusals"] or []
            if pair["uniscid"] in enterprises
        ]
        frozen = freeze_inspectors(
            enterprises,
            [Department(code, 2) for code in DEPARTMENTS],
            -(-len(enterprises) // 6),
            rosters,
            barred,
            roster_salts={code: secrets.token_hex(32) for code in DEPARTMENTS},
            forbidden_salt=secrets.token_hex(32),
        )
        commitment = build_inspectors_commitment(
            frozen, campaign=TASK, objects_certificate=digest(self.certificate), **self.terms("inspectors")
        )
        files = InspectorFiles(
            frozen.files["objects.txt"],
            frozen.files["forbidden.tsv"],
            {code: frozen.files[f"roster-{code}.txt"] for code in DEPARTMENTS},
        )
        self.assignment = compute_inspectors(commitment, self.values("inspectors", commitment), files)
        self.post_document("draw", "inspectors", self.assignment)
        self.forms = [self.form(code) for code in enterprises]

    # --- forms, results, publication ---------------------------------------------------------

    def form(self, code: str) -> Row:
        """One enterprise, one form."""
        matched = parse_certificate(self.assignment)
        standing = self.standing()
        rows = [row for row in self.objects if row["objectId"] in standing and row["ownerUniscid"] == code]
        people = {row["inspectorId"]: row for row in self.inspectors}
        team = team_of_visit(matched, code)
        items = [item for item in self.items if code.startswith("9") or item["deptCode"] == "SW"]
        departments = [dept for dept in DEPARTMENTS if dept in {item["deptCode"] for item in items}]
        members = [people[one] for dept in departments for one in team[dept]]
        return {
            "formNo": f"F-{code}",
            "uniscid": code,
            "entName": rows[0]["ownerName"],
            "dom": rows[0]["dom"],
            "objects": [{"objectId": row["objectId"], "name": row["projectName"]} for row in rows],
            "items": [
                {k: item[k] for k in ("itemCode", "itemName", "deptCode", "materials")} for item in items
            ],
            "group": dict(matched["assignment"])[code],
            "leader": members[0]["inspectorId"],
            "inspectors": [
                {k: one[k] for k in ("inspectorId", "name", "deptCode", "certNo")} for one in members
            ],
            "version": 1,
        }

    def standing(self) -> set[str]:
        """Objects that were drawn and not replaced."""
        document = parse_certificate(self.certificate)
        gone = {one["object_id"] for one in document["replacements"]}
        came = {one["by"] for one in document["replacements"]} - {None}
        drawn: set[str] = {one["object_id"] for one in document["winners"]}
        return (drawn | came) - gone

    def push(self, batch_no: str, forms: list[Row]) -> Row:
        answer: Row = self.platform.post(self.path("forms"), {"batchNo": batch_no, "rows": forms})
        return answer

    def collect(self, done: Callable[[list[Row]], bool] | None = None) -> list[Row]:
        """Results, polled until all of them are there and reviewed (or `done` says so)."""
        due = sum(len(form["items"]) for form in self.forms)
        for _ in range(200):
            self.results = self.pages(self.path("results"), 1000)
            reviewed = [row for row in self.results if row["review"]["opinion"] != "0"]
            if done(self.results) if done else len(reviewed) == due:
                return self.results
        raise AssertionError("the results do not come in")

    def record(self, form: Row, **changes: object) -> Row:
        """What is published of one enterprise."""
        rows = [row for row in self.results if row["uniscid"] == form["uniscid"]]
        prip_id = next(row["pripId"] for row in self.objects if row["ownerUniscid"] == form["uniscid"])
        taking_part = {row["deptCode"] for row in rows}
        return {
            "recordId": f"R-{form['uniscid']}",
            "version": 1,
            "operation": "I",
            "pripId": prip_id,
            "uniscid": form["uniscid"],
            "entName": form["entName"],
            "raninsPlanId": PLAN_ID,
            "raninsPlaneName": "2024年度清河县部门联合双随机抽查计划",
            "raninsTaskId": TASK,
            "raninsTaskName": "2024年清河县生产建设项目“双随机、一公开”部门联合抽查",
            "raninsTypeName": "不定向",
            "insAuth": "、".join(name for code, name in DEPARTMENTS.items() if code in taking_part),
            "insDate": max(row["completedAt"] for row in rows)[:10],
            "details": [
                {
                    "seqno": number,
                    "raninsItemName": row["itemName"],
                    "raninsCheckResName": WORDINGS[row["resultCode"]],
                }
                for number, row in enumerate(sorted(rows, key=lambda row: row["itemCode"]), 1)
            ],
            **changes,
        }

    def due(self) -> list[Row]:
        """Forms whose results the reviewer lets be published, of enterprises that are in the register."""
        opinion = {row["uniscid"]: row["review"]["opinion"] for row in self.results}
        return [form for form in self.forms if opinion[form["uniscid"]] == "1" and form["uniscid"][0] == "9"]

    def publish(self, batch_no: str, records: list[Row]) -> dict[str, tuple[str, str | None]]:
        """Sends one message; record id -> state and code as first answered."""
        return self.receipt(
            self.publicity.send("POST", "/exchange/v1/spotchecks", message(batch_no, records)).xml()
        )

    def settled(self, batch_no: str) -> dict[str, tuple[str, str | None]]:
        """The receipt as it stands now."""
        return self.receipt(self.publicity.send("GET", f"/exchange/v1/receipts/{batch_no}").xml())

    @staticmethod
    def receipt(receipt: Any) -> dict[str, tuple[str, str | None]]:
        assert receipt.tag == "Receipt"
        assert receipt.findtext("code") == "00", receipt.findtext("message")
        return {
            one.findtext("recordId"): (one.findtext("state"), one.findtext("code"))
            for one in receipt.iterfind("records/record")
        }

    def public_rows(self, prip_id: str) -> list[Row]:
        """What anybody sees under an enterprise, without a signature."""
        client = RawClient(self.publicity.url, signed=False)
        rows: list[Row] = []
        start, pages = 0, 1
        while start < pages:
            page = f"/gsxt/corp-query-entprise-info-getDrRaninsRes-{prip_id}.html"
            answer = client.send("GET", f"{page}?draw=1&start={start * 5}&length=5").json()
            rows += answer["data"]
            start, pages = start + 1, answer["totalPage"]
        return rows

    def run(self, ratio: str = "0.1") -> None:
        """Everything up to the reviewed results."""
        self.sync()
        self.draw_objects(ratio)
        self.confirm()
        self.draw_inspectors()
        for number in range(0, len(self.forms), 10):
            answer = self.push(f"FORMS-{number:04d}", self.forms[number : number + 10])
            assert {row["state"] for row in answer["rows"]} == {"accepted"}, answer
        self.collect()
