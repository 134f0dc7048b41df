"""What to press next: the deployment's name in the UI, and the command that does the same in a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from flows.telling.stage_names import TITLES
from schemas.campaign import Campaign

RUN_CAMPAIGN, TODOS = "整个任务", "待办清单"

DEPLOYMENTS = TITLES | {"reconcile": "核对公示", "report": "统计表", "deadlines": "期限提醒"}
"""Stage -> its deployment, as prefect.yaml calls it."""


@dataclass(frozen=True)
class Press:
    """`button`: what to do in the UI; `command`: the same in a terminal; Chinese words are filled in."""

    button: str
    command: str


# What a stage waits for -> the command that hands it in; the first line whose word occurs in the text.
_HANDED_IN = (
    ("封存", "drawbridge draw take {task} 封存文书文件"),
    ("揭示", "drawbridge draw take {task} 揭示文书文件"),
    ("公共随机数", "drawbridge draw public-number {task} --stage {round} --value 号码 --source 公布方和期号"),
)
_ROUNDS = {"draw": "objects", "assign": "inspectors"}

# What a command of the stage itself is called, where there is one besides `run`.
_OWN_COMMANDS = {
    "publish": "drawbridge publish retry {task}",
    "reconcile": "drawbridge reconcile {task}",
    "report": "drawbridge report statistics {task}",
    "deadlines": "drawbridge campaign show {task}",
}

# Kind of an open decision -> the command; the form in the UI is that of the waiting run.
_DECISIONS = {
    "publication": "drawbridge approve {task} --all --role 岗位",
    "confirm": "drawbridge confirm {task} --department {department} --all",
    "resolve": "drawbridge publish status {task}",
    "act": "drawbridge publish allow {task} {key} --by 编号",
    "round": "drawbridge draw allow-again {task} --stage {key} --by 编号",
}


def press_for(campaign: Campaign, stage: str, waiting_for: str | None = None) -> Press:
    """How a stage is run on; or how what it waits for is handed in here, where that is possible."""
    button = f"Deployments → {DEPLOYMENTS[stage]} → Run"
    for word, command in _HANDED_IN if stage in _ROUNDS and waiting_for else ():
        if word in str(waiting_for):
            return Press(button, command.format(task=campaign.task_id, round=_ROUNDS[stage]))
    command = _OWN_COMMANDS.get(stage, "drawbridge run {task}")
    return Press(button, command.format(task=campaign.task_id))


def press_to_decide(campaign: Campaign, kind: str, key: str, title: str) -> Press:
    """How an open decision is made. `title` is how its waiting run is called."""
    department = key if kind == "confirm" else ""
    command = _DECISIONS[kind].format(task=campaign.task_id, key=key, department=department)
    return Press(f"Runs → 待办 · {title} → Resume", command)
