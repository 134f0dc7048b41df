"""From a profile and addresses to everything the flows talk to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from connectors import platform_channels
from connectors.campaign_clock import CampaignClock, MockClock, WallClock
from connectors.http import Client
from connectors.platform import HttpPlatform
from connectors.platform_channels import BatchChannel, DocumentChannel
from connectors.profile import Profile
from connectors.public_numbers import HttpPublicNumbers
from connectors.publicity import HttpPublicity, RecordChannel


@dataclass(frozen=True)
class Channels:
    """The channels of one task."""

    forms: BatchChannel
    draw: DocumentChannel
    confirmations: BatchChannel
    materials: DocumentChannel
    records: RecordChannel


@dataclass(frozen=True)
class Connections:
    """Both outside systems, open until `close` (or the end of a `with`)."""

    profile: Profile
    platform: HttpPlatform
    publicity: HttpPublicity
    numbers: HttpPublicNumbers
    clock: CampaignClock
    platform_client: Client
    publicity_client: Client

    def channels(self, task_id: str) -> Channels:
        """Everything that can be written in one task."""
        client, profile = self.platform_client, self.profile
        return Channels(
            forms=platform_channels.form_channel(client, profile, task_id),
            draw=DocumentChannel(client, profile, "draw", task_id),
            confirmations=platform_channels.confirmation_channel(client, profile, task_id),
            materials=DocumentChannel(client, profile, "materials", task_id),
            records=RecordChannel(self.publicity_client, profile),
        )

    def close(self) -> None:
        """Closes all connections."""
        self.platform_client.close()
        self.publicity_client.close()
        if isinstance(self.clock, MockClock):
            self.clock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(
    profile: Profile,
    platform_url: str,
    publicity_url: str,
    app_key: str,
    app_secret: SecretStr | str,
    *,
    ca_file: Path | None = None,
    clock_url: str | None = None,
    wall: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Connections:
    """Opens nothing yet: the first request does. `clock_url`: a mock's control face, for campaign time.

    Public numbers are read from the platform's host.

    Raises DrawbridgeError DB-PLATFORM-026, -028, DB-PUBLICITY-026, -028 for addresses or files that fail.
    """
    rules = profile.platform
    platform_client = Client(
        area="PLATFORM",
        base_url=platform_url,
        app_key=app_key,
        app_secret=app_secret,
        rule=rules.signature,
        limits=rules.limits,
        ca_file=ca_file,
        wall=wall,
        sleep=sleep,
        monotonic=monotonic,
    )
    publicity_client = Client(
        area="PUBLICITY",
        base_url=publicity_url,
        app_key=app_key,
        app_secret=app_secret,
        rule=profile.publicity.signature,
        limits=profile.publicity.limits,
        ca_file=ca_file,
        wall=wall,
        sleep=sleep,
        monotonic=monotonic,
    )
    return Connections(
        profile=profile,
        platform=HttpPlatform(platform_client, profile),
        publicity=HttpPublicity(publicity_client, profile),
        numbers=HttpPublicNumbers(platform_client, profile.public_numbers),
        clock=WallClock() if clock_url is None else MockClock(clock_url),
        platform_client=platform_client,
        publicity_client=publicity_client,
    )
