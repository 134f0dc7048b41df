"""Which schedules run: what was switched off in the pages stays off when the service starts again.

The pages have two switches: one for each schedule, and one that pauses a deployment with all of them.
Deploying leaves a schedule that it finds by its slug as it is, but resumes what was paused (Prefect 3.8, held
by a test): that is noted before and paused again.
"""

from __future__ import annotations

from typing import Literal

from prefect.client.orchestration import SyncPrefectClient

Choice = Literal["kept", "on", "off"]
"""As they are (new ones on); all on; all off, so that a flow runs only when somebody presses Run."""


def paused(client: SyncPrefectClient) -> frozenset[str]:
    """The names of the deployments that are paused, before they are deployed anew."""
    return frozenset(one.name for one in client.read_deployments() if one.paused)


def switch(client: SyncPrefectClient, choice: Choice, were_paused: frozenset[str]) -> list[str]:
    """Switches all as `choice` says; returns the deployments that do not run by schedule, by name."""
    off = set()
    for deployment in client.read_deployments():
        if choice == "kept" and deployment.name in were_paused:
            client.pause_deployment(deployment.id)
            off.add(deployment.name)
        for schedule in deployment.schedules:
            active = schedule.active if choice == "kept" else choice == "on"
            if active != schedule.active:
                client.update_deployment_schedule(deployment.id, schedule.id, active=active)
            if not active:
                off.add(deployment.name)
    return sorted(off)
