"""What a department wrote, recorded and exported again, is the same: nothing imported changes by itself."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents.entry_sheet.checks import Ground, judge
from documents.entry_sheet.reader import read_returned
from documents.entry_sheet.rows import entry_rows
from documents.entry_sheet.writer import entry_sheet
from schemas.codes import CheckMethod, Disposal, DisposalState, RegistrationState, ResultCode, SignatureState
from schemas.inspector import Expert
from schemas.result import ItemResult, TransferDecision, Visit
from tests.documents.papers import TASK, campaign, form
from tests.documents.test_lists import NASTY, WORDS

NOW = datetime.fromisoformat("2024-07-01T09:00:00+08:00")
DAY = date(2024, 6, 20)
ROWS = entry_rows([form(1)], "SC")
ROW = ROWS[0]

PROSE = st.lists(WORDS, min_size=1, max_size=3).map("\n".join)
MAYBE = st.none() | PROSE
MOMENTS = st.integers(0, 1439).map(
    lambda minute: datetime.combine(DAY, time(minute // 60, minute % 60), NOW.tzinfo)
)


@st.composite
def entered(draw: Any) -> ItemResult:
    """A result as a sheet may have brought it."""
    code = draw(st.sampled_from(ResultCode))
    is_problem = code not in (ResultCode.NO_PROBLEM, ResultCode.NO_SUCH_ACTIVITY)
    disposals = [one for one in Disposal if one is not Disposal.NONE] if is_problem else [Disposal.NONE]
    arrived = draw(st.none() | MOMENTS)
    left = draw(st.none() | MOMENTS.filter(lambda at: arrived is None or at >= arrived))
    return ItemResult(
        result_id=f"sheet/{ROW.row_id}",
        task_id=TASK,
        uscc=ROW.uscc,
        item_code=ROW.item_code,
        item_name=ROW.item_name,
        dept_code="SC",
        code=code,
        problem=draw(PROSE) if is_problem else None,
        disposal=draw(st.sampled_from(disposals)),
        disposal_state=draw(st.sampled_from(DisposalState)),
        order_lapsed=draw(st.booleans()),
        subject_state=draw(st.none() | st.sampled_from(RegistrationState)),
        completed_at=left or datetime.combine(DAY, time(), NOW.tzinfo),
        entered_at=NOW,
        guided=draw(st.booleans()),
        questions_answered=draw(st.booleans()),
        inspectors=draw(st.sampled_from([("SC-1", "SC-2"), ("SC-2",)])),
        visit=Visit(
            agreed_on=draw(st.none() | st.just(DAY)),
            arrived_at=arrived,
            left_at=left,
            methods=tuple(draw(st.lists(st.sampled_from(CheckMethod), unique=True, max_size=3))),
            cert_shown=draw(st.none() | st.booleans()),
            signature=draw(st.sampled_from(SignatureState)),
            refusal_note=draw(PROSE),
            experts=draw(st.sampled_from([(), (Expert(name="王某", role="工程师、评审专家"),)])),
            documents=tuple(draw(st.lists(st.sampled_from(NASTY), unique=True, max_size=3))),
        ),
        transfer=draw(
            st.none()
            | st.builds(
                TransferDecision, decided_on=st.just(DAY), decision=PROSE, recipient=PROSE, receipt=MAYBE
            )
        ),
        updated_at=NOW,
    )


def back(result: ItemResult) -> tuple[ItemResult | None, list[str]]:
    """The result through a sheet; None: the sheet says the same. And what was marked."""
    plan = campaign()
    data = entry_sheet(
        plan, plan.departments[1], ROWS, drawn_on=date(2024, 6, 1), made_on=DAY, held={ROW.row_id: result}
    )
    ground = Ground(
        TASK,
        "SC",
        ROWS,
        {},
        {ROW.row_id: result},
        {},
        frozenset(),
        False,
        date(2024, 6, 1),
        DAY,
        NOW,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "录入表.xlsx"
        path.write_bytes(data)
        judged = judge(read_returned(path), ground)
    return (judged.results[0] if judged.results else None), [mark.error.code for mark in judged.marks]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entered())
def test_a_result_that_came_by_a_sheet_stays_as_it_is(result: ItemResult) -> None:
    """The first time what nobody means (blanks at the end of a line, N/A) may be tidied; then it is fixed."""
    tidied, marks = back(result)
    if marks:
        assert set(marks) <= {"DB-ENTRY-028", "DB-ENTRY-037", "DB-ENTRY-043", "DB-INPUT-021", "DB-INPUT-022"}
        return
    assert back(tidied or result) == (None, [])
    if tidied is not None:
        same = {"version", "entered_at", "updated_at", "problem", "visit", "transfer"}
        assert tidied.model_dump(exclude=same) == result.model_dump(exclude=same)
