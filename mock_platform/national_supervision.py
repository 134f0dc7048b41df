"""A platform in the naming of the national “互联网+监管” system: capitals, two-digit codes, offsets, MD5.

Members of 行政检查行为 and of the registry of enterprises have the names that public software uses for them
(RECORD_UNIQUE_IDENTITY, ADMINISTRATIVE_CP, CHECK_RESULT, CD_BATCH …; PRIPID, REGSTATE …).  What no public
table has (the draw, forms, confirmations), paths, answer codes and the signature are an invention in the same
manner: no specification of such an interface is public.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

from mock_platform.dialect import Dialect, Route
from mock_platform.dialect_shapes import Shapes, shape_of
from mock_platform.signature import Scheme, signed_target

_OBJECT = """
    objectId SUPERVISE_OBJECT_CODE
    objectType SUPERVISE_OBJECT_TYPE two
    uniscid ADMINISTRATIVE_CP_UI_CODE
    entName ADMINISTRATIVE_CP
    pripId PRIPID
    regNo REGNO
    entType ENTTYPE
    regState REGSTATE two
    regOrg REGORG
    admCode AREA_NUMBER
    dom ADDRESS_REGISTERED
    estDate ESTDATE day
    industry INDUSTRYCO
    opScope OPSCOPE
    leRep LEREP
    tel TEL
    riskGrade RISK_LEVEL
    riskSource RISK_SOURCE
    riskMonth RISK_MONTH
    tags SUPERVISE_OBJECT_TAG joined
    isValid IS_VALID yes
    lastCheckDate LAST_CHECK_DATE day
    checksThisYear YEAR_CHECK_COUNT
    projectName PROJECT_NAME
    approvalNo APPROVAL_NUMBER
    ownerUniscid OWNER_UI_CODE
    ownerName OWNER_NAME
    projectPlace ADDRESS_OPERATING
    updatedAt CD_TIME time
"""
_INSPECTOR = """
    inspectorId PERSONNEL_ID
    name PERSONNEL_NAME
    deptCode IMPLEMENT_INSTITUTION_CODE
    deptName IMPLEMENT_INSTITUTION
    certNo CHECK_PERSONNEL_CODE
    certType CERT_TYPE
    certValidFrom CERT_BEGIN_DATE day
    certValidTo CERT_END_DATE day
    itemScope SUPERVISE_ITEM_SCOPE joined
    role PERSONNEL_TYPE two
    status PERSONNEL_STATE two
    leaveFrom LEAVE_BEGIN_DATE day
    leaveTo LEAVE_END_DATE day
    mobile MOBILE
    recusals AVOID_LIST rows:recusal
    updatedAt CD_TIME time
"""
_RECUSAL = """
    uniscid ADMINISTRATIVE_CP_UI_CODE
    reason AVOID_REASON reason
"""
_ITEM = """
    itemCode SUPERVISE_ITEM_IMPLEMENT_CODE
    itemName SUPERVISE_ITEM_NAME
    kind SUPERVISE_ITEM_TYPE two
    deptCode IMPLEMENT_INSTITUTION_CODE
    legalBasis CHECK_BASIS joined
    content CHECK_CONTENT
    materials CHECK_MATERIAL joined
    validFrom BEGIN_DATE day
    validTo END_DATE day
    version ITEM_VERSION
"""
_MATERIALS = """
    deptCode IMPLEMENT_INSTITUTION_CODE
    itemCodes SUPERVISE_ITEM_IMPLEMENT_CODES joined
    materials CHECK_MATERIAL joined
    handedInAt SUBMITTED_DATE time
"""
_SEALS = """
    stage STAGE stage
    round ROUND
    seals SEAL_LIST rows:seal
"""
_SEAL = """
    contributor CONTRIBUTOR
    commitment COMMITMENT
"""
_REVEALS = """
    stage STAGE stage
    round ROUND
    reveals REVEAL_LIST rows:reveal
"""
_REVEAL = """
    contributor CONTRIBUTOR
    value REVEAL_VALUE
    revealedAt REVEAL_TIME time
"""
_DOCUMENT = """
    stage STAGE stage
    round ROUND
    document DOCUMENT
    digest DIGEST
"""
_STORED = """
    digest DIGEST
    receivedAt RECEIVE_TIME time
    receiptNo RECEIPT_NO
    replayed REPLAYED yes
"""
_DRAW = """
    drawnBy DRAWN_BY
    drawnAt DRAW_TIME time
    eligible ELIGIBLE_CODES joined
    objects OBJECT_LIST rows:drawn
    groups GROUP_LIST rows:group
    assignment ASSIGNMENT_LIST rows:assigned
    certificates CERTIFICATE_LIST rows:document
"""
_DRAWN = """
    objectId SUPERVISE_OBJECT_CODE
    uniscid ADMINISTRATIVE_CP_UI_CODE
    stratum STRATUM
    replaces REPLACES_CODE
"""
_GROUP = """
    group GROUP_NO
    inspectors PERSONNEL_LIST rows:member
"""
_MEMBER = """
    inspectorId PERSONNEL_ID
    deptCode IMPLEMENT_INSTITUTION_CODE
"""
_ASSIGNED = """
    uniscid ADMINISTRATIVE_CP_UI_CODE
    group GROUP_NO
"""
_CONFIRMATIONS = """
    dispatchedAt DISPATCH_TIME time
    rows ROWS rows:confirmation
"""
_CONFIRMATION = """
    objectId SUPERVISE_OBJECT_CODE
    deptCode IMPLEMENT_INSTITUTION_CODE
    verdict CONFIRM_RESULT two
    reason OBJECTION_REASON two
    evidence OBJECTION_EVIDENCE
    byRole CONFIRM_ROLE
    at CONFIRM_TIME time
"""
_FORM = """
    formNo CHECK_ACTION_CODE
    uniscid ADMINISTRATIVE_CP_UI_CODE
    entName ADMINISTRATIVE_CP
    dom ADDRESS_REGISTERED
    objects OBJECT_LIST rows:form-object
    items ITEM_LIST rows:form-item
    group GROUP_NO
    leader LEADER_ID
    inspectors PERSONNEL_LIST rows:form-person
    version FORM_VERSION
    batchNo CD_BATCH
    issuedAt ISSUE_TIME time
"""
_FORM_OBJECT = """
    objectId SUPERVISE_OBJECT_CODE
    name SUPERVISE_OBJECT
"""
_FORM_ITEM = """
    itemCode SUPERVISE_ITEM_IMPLEMENT_CODE
    itemName SUPERVISE_ITEM_NAME
    deptCode IMPLEMENT_INSTITUTION_CODE
    materials CHECK_MATERIAL joined
"""
_FORM_PERSON = """
    inspectorId PERSONNEL_ID
    name PERSONNEL_NAME
    deptCode IMPLEMENT_INSTITUTION_CODE
    certNo CHECK_PERSONNEL_CODE
"""
_RESULT = """
    resultId RECORD_UNIQUE_IDENTITY
    taskId TASK_ID
    uniscid ADMINISTRATIVE_CP_UI_CODE
    itemCode SUPERVISE_ITEM_IMPLEMENT_CODE
    itemName SUPERVISE_ITEM_NAME
    deptCode IMPLEMENT_INSTITUTION_CODE
    resultCode CHECK_RESULT two
    problem CHECK_PROBLEM
    disposal DISPOSAL_TYPE two
    disposalState DISPOSAL_STATE two
    orderLapsed ORDER_LAPSED yes
    subjectState SUBJECT_STATE two
    completedAt CHECK_DATE time
    enteredAt SUBMITTED_DATE time
    guided IS_GUIDED yes
    qaAnswered IS_ANSWERED yes
    inspectors CHECK_PERSONNEL joined
    agreedOn AGREED_DATE day
    arrivedAt ARRIVE_TIME time
    leftAt LEAVE_TIME time
    methods CHECK_MODE twos
    certShown IS_CERT_SHOWN yes
    signature SIGN_STATE two
    refusalNote REFUSAL_NOTE
    experts EXPERT_LIST rows:expert
    documents DOCUMENT_LIST joined
    transfer TRANSFER flat:transfer
    review REVIEW flat:review
    version RESULT_VERSION
    updatedAt CD_TIME time
"""
_EXPERT = """
    name EXPERT_NAME
    role EXPERT_ROLE
"""
_TRANSFER = """
    decidedOn TRANSFER_DATE day
    decision TRANSFER_DECISION
    recipient TRANSFER_RECIPIENT
    receipt TRANSFER_RECEIPT
"""
_REVIEW = """
    opinion PUBLIC_OPINION two
    basis PUBLIC_BASIS
    byRole PUBLIC_ROLE
    at PUBLIC_TIME time
"""
_BATCH = """
    batchNo CD_BATCH
    digest DIGEST
    receivedAt RECEIVE_TIME time
    rows ROWS rows:answer
    replayed REPLAYED yes
"""
_ANSWER = """
    key BUSINESS_KEY
    state STATE state
    code ERROR_CODE answer
    text ERROR_TEXT
    receiptNo RECEIPT_NO
"""


def _page(shape: str) -> str:
    return f"total TOTAL\noffset OFFSET\npageSize LIMIT\nsnapshot SNAPSHOT -\nrows ROWS rows:{shape}"


def _messages(shape: str) -> str:
    return f"batchNo CD_BATCH\nrows ROWS rows:{shape}"


CODES = {
    "00": 200,
    "41": 401,
    "42": 429,
    "43": 425,
    "44": 404,
    "49": 409,
    "96": 422,
    "97": 400,
    "98": 415,
    "99": 500,
}

_SHAPES = Shapes(
    shapes={
        name: shape_of(text)
        for name, text in {
            "object": _OBJECT,
            "inspector": _INSPECTOR,
            "recusal": _RECUSAL,
            "item": _ITEM,
            "materials": _MATERIALS,
            "seals": _SEALS,
            "seal": _SEAL,
            "reveals": _REVEALS,
            "reveal": _REVEAL,
            "document": _DOCUMENT,
            "stored": _STORED,
            "draw": _DRAW,
            "drawn": _DRAWN,
            "group": _GROUP,
            "member": _MEMBER,
            "assigned": _ASSIGNED,
            "confirmations": _CONFIRMATIONS,
            "confirmation": _CONFIRMATION,
            "form": _FORM,
            "form-object": _FORM_OBJECT,
            "form-item": _FORM_ITEM,
            "form-person": _FORM_PERSON,
            "result": _RESULT,
            "expert": _EXPERT,
            "transfer": _TRANSFER,
            "review": _REVIEW,
            "batch": _BATCH,
            "answer": _ANSWER,
            "objects": _page("object"),
            "inspectors": _page("inspector"),
            "forms": _page("form"),
            "results": _page("result"),
            "items": "rows ROWS rows:item",
            "materials-list": "rows ROWS rows:materials",
            "form-batch": _messages("form"),
            "confirmation-batch": _messages("confirmation"),
        }.items()
    },
    words={
        "stage": {"objects": "DX", "inspectors": "RY"},
        "state": {"accepted": 1, "rejected": 2, "pending": 3},
        "reason": {"relative": "01", "interest": "02", "request": "03", "rotation": "04"},
        "answer": CODES,
    },
)

_TASK = "/api/v1/tasks/{taskId}"
_ROUTES = (
    Route("listObjects", "GET", "/hlwjg/jgdx/list", "/api/v1/directories/objects", "objects"),
    Route("listInspectors", "GET", "/hlwjg/zfry/list", "/api/v1/directories/inspectors", "inspectors"),
    Route("listItems", "GET", "/hlwjg/jgsx/list", "/api/v1/directories/items", "items"),
    Route("getDraw", "GET", "/hlwjg/ssj/draw", f"{_TASK}/draw", "draw"),
    Route("postDraw", "POST", "/hlwjg/ssj/draw", f"{_TASK}/draw", "stored", "document"),
    Route("listSeals", "GET", "/hlwjg/ssj/seals", f"{_TASK}/draw/seals", "seals"),
    Route("listReveals", "GET", "/hlwjg/ssj/reveals", f"{_TASK}/draw/reveals", "reveals"),
    Route(
        "postCommitment", "POST", "/hlwjg/ssj/commitment", f"{_TASK}/draw/commitment", "stored", "document"
    ),
    Route("postClosing", "POST", "/hlwjg/ssj/closing", f"{_TASK}/draw/closing", "stored", "document"),
    Route("listMaterials", "GET", "/hlwjg/ssj/material", f"{_TASK}/materials", "materials-list"),
    Route("postMaterials", "POST", "/hlwjg/ssj/material", f"{_TASK}/materials", "stored", "materials"),
    Route("listConfirmations", "GET", "/hlwjg/ssj/confirm", f"{_TASK}/confirmations", "confirmations"),
    Route(
        "postConfirmations",
        "POST",
        "/hlwjg/ssj/confirm",
        f"{_TASK}/confirmations",
        "batch",
        "confirmation-batch",
    ),
    Route("listForms", "GET", "/hlwjg/jcxw/form", f"{_TASK}/forms", "forms"),
    Route("postForms", "POST", "/hlwjg/jcxw/form", f"{_TASK}/forms", "batch", "form-batch"),
    Route("getBatch", "GET", "/hlwjg/jcxw/batch", "/api/v1/batches/{batchNo}", "batch"),
    Route("listResults", "GET", "/hlwjg/jcxw/result", f"{_TASK}/results", "results"),
)


# --- the signature ----------------------------------------------------------------------------------

_SHANGHAI = timezone(timedelta(hours=8))


def _moment(text: str) -> float:
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_SHANGHAI).timestamp()


def _sign(key: str, secret: bytes, method: str, target: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Upper-case MD5 (RFC 1321) of key, time, nonce, method, target, MD5 of the body, and secret, joined."""
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    text = "".join([key, timestamp, nonce, method, signed_target(target), digest])
    return hashlib.md5(text.encode() + secret, usedforsecurity=False).hexdigest().upper()


NATIONAL_SUPERVISION = Dialect(
    name="national-supervision",
    scheme=Scheme(("appkey", "requesttime", "noncestr", "sign"), _moment, _sign),
    routes=_ROUTES,
    shapes=_SHAPES,
    parameters={
        "TASK_ID": ("taskId", ""),
        "CD_BATCH": ("batchNo", ""),
        "CD_TIME_FROM": ("updatedSince", "time"),
        "STAGE": ("stage", "stage"),
        "ROUND": ("round", ""),
    },
    codes=CODES,
    envelope=("CODE", "MESSAGE", "REQUEST_ID", "DATA"),
    exchange={
        "/hlwjg/gxjh/spotcheck": "/exchange/v1/spotchecks",
        "/hlwjg/gxjh/receipt/": "/exchange/v1/receipts/",
        "/hlwjg/gxjh/record/": "/exchange/v1/records/",
    },
)
"""The dialect: of the publicity system only paths and signature differ, its messages are the contract's."""
