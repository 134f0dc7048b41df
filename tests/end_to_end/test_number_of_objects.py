"""A plan that asks for a number of objects, with a share or without: drawn by us and by the platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.installation import PLAN, PLATFORM_PLAN, PLATFORM_TASK, TASK, Installation, MockProcess


@pytest.mark.parametrize(
    ("plan", "task", "written"),
    [(PLAN, TASK, "百分之五（20户）"), (PLATFORM_PLAN, PLATFORM_TASK, "20户")],
)
def test_as_many_objects_as_the_plan_says(
    mocks: Callable[..., MockProcess],
    installation: Installation,
    tmp_path: Path,
    plan: Path,
    task: str,
    written: str,
) -> None:
    lines = plan.read_text("utf-8").splitlines()
    changed = [f"  总体: {written}" if line.startswith("  总体:") else line for line in lines]
    own = tmp_path / plan.name
    own.write_text("\n".join(changed) + "\n", "utf-8")
    mock = mocks(own, "--objects", 120)
    installation.environment.update(mock.settings(task))
    ran = installation.call("run", own, "--no-prefect", "--json")
    assert ran.code == 0, ran.err + ran.out
    assert ran.document["draw"]["drawn"] == 20
    assert ran.document["publication"]["missing"] == 0
