"""Which schedules run: what was switched off in the pages stays off when the service starts again.

Deploying leaves a schedule that it finds by its slug as it is, on or off (Prefect 3.8, held by a test).
"""

from __future__ import annotations

from typing import Literal

from prefect.client.orchestration import SyncPrefectClient

Choice = Literal["kept", "on", "off"]
"""As they are (new ones on); all on; all off, so that a flow runs only when somebody presses Run."""


def switch(client: SyncPrefectClient, choice: Choice) -> list[str]:
    """Switches every schedule as `choice` says; returns the deployments whose schedule is off, by name."""
    off = []
    for deployment in client.read_deployments():
        for schedule in deployment.schedules:
            active = schedule.active if choice == "kept" else choice == "on"
            if active != schedule.active:
                client.update_deployment_schedule(deployment.id, schedule.id, active=active)
            if not active:
                off.append(deployment.name)
    return sorted(off)
