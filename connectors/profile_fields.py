"""What a profile must name: our fields by kind of row, and the code tables with our codes."""

from __future__ import annotations

from enum import Enum

from schemas import codes
from schemas.publication import ReplyState


class YesNo(Enum):
    """A flag as two codes."""

    NO = "0"
    YES = "1"


class DrawStage(Enum):
    """The two draws of a campaign, as draw-spec.md calls them."""

    OBJECTS = "objects"
    INSPECTORS = "inspectors"


_PLATFORM_FIELDS = {
    "entity": """
        object_id object_kind uscc ent_name prip_id reg_no ent_type reg_state reg_org adm_code address
        est_date industry scope legal_rep tel risk_grade risk_source risk_month tags is_valid
        last_check_date checks_this_year updated_at""",
    "project": """
        object_id object_kind uscc ent_name prip_id reg_state reg_org adm_code address est_date
        risk_grade risk_source risk_month tags is_valid last_check_date checks_this_year project_name
        approval_no updated_at""",
    "inspector": """
        inspector_id name dept_code cert_no cert_type cert_valid_from cert_valid_to item_scope role
        status leave_from leave_to mobile recusals recusal_uscc recusal_reason updated_at""",
    "item": "item_code item_name kind dept_code legal_basis content materials valid_from valid_to version",
    "materials": "dept_code item_codes materials handed_in_at",
    "seal": "rows contributor commitment",
    "reveal": "rows contributor value at",
    "confirmation": "dispatched_at object_id dept_code verdict reason evidence by_role at",
    "form": """
        form_no uscc ent_name address objects object_id object_name items item_code item_name dept_code
        materials group leader inspectors inspector_id inspector_name cert_no version""",
    "draw": """
        drawn_at eligible objects object_id uscc stratum replaces groups group inspectors inspector_id
        dept_code assignment certificates stage round document digest""",
    "batch": "batch_no rows digest received_at key state code text receipt_no",
    "result": """
        result_id task_id uscc item_code item_name dept_code code problem disposal disposal_state
        order_lapsed subject_state completed_at entered_at guided questions_answered inspectors
        agreed_on arrived_at left_at methods cert_shown signature refusal_note experts expert_name
        expert_role documents transfer transfer_decided_on transfer_decision transfer_recipient
        transfer_receipt review review_opinion review_basis review_by_role review_at version updated_at""",
}

PLATFORM_FIELDS = {kind: frozenset(names.split()) for kind, names in _PLATFORM_FIELDS.items()}
"""The fields of ours that a profile must name, by kind of row."""

_TEXT_LISTS = "tags item_scope item_codes legal_basis materials eligible inspectors methods documents"

TEXT_LISTS = frozenset(_TEXT_LISTS.split())
"""Fields that hold a list of texts where they do not hold rows."""

_DAYS = "est_date last_check_date cert_valid_from cert_valid_to leave_from leave_to valid_from valid_to"

DAYS = frozenset(_DAYS.split())
"""Fields of the directories that hold a day."""

_OF_A_TASK = "materials seals reveals commitment closing draw confirmations forms results"

PLACEHOLDERS = {
    **dict.fromkeys(_OF_A_TASK.split(), "task_id"),
    "batch": "batch_no",
    "receipt": "batch_no",
    "held": "record_id",
    "public_rows": "prip_id",
    "public_page": "prip_id",
}
"""Endpoint -> what is filled in between braces; one that is not here has no braces."""

_PUBLICITY_FIELDS = """
    rows total_pages plan_id plan_name task_id task_name task_type authority completed_on url seq_no item_name
    result_name"""

PUBLICITY_FIELDS = frozenset(_PUBLICITY_FIELDS.split())
"""The same for the public view of the publicity system."""

CODE_TABLES: dict[str, type[Enum] | None] = {
    "object_kind": codes.ObjectKind,
    "reg_state": codes.RegistrationState,
    "risk_grade": codes.RiskGrade,
    "item_kind": codes.ItemKind,
    "inspector_role": codes.InspectorRole,
    "inspector_status": codes.InspectorStatus,
    "verdict": codes.Verdict,
    "objection_reason": codes.ObjectionReason,
    "result": codes.ResultCode,
    "disposal": codes.Disposal,
    "disposal_state": codes.DisposalState,
    "check_method": codes.CheckMethod,
    "signature_state": codes.SignatureState,
    "review_opinion": codes.ReviewOpinion,
    "yes_no": YesNo,
    "draw_stage": DrawStage,
    "reply_state": ReplyState,
    "recusal_reason": None,  # any code that a draw may hold
}
"""The code tables that a profile must hold, and what their right-hand sides may be."""
