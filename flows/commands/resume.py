"""Settings for commands about a campaign that `run` began with a mock of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flows.service.home import Home, end_leftovers
from flows.service.own_mock import has_mock, living, mock_source, resume_mock
from flows.settings import Settings, load_settings
from flows.site import find_plan, open_books, read_plan
from ledger.campaigns import campaign_of


def settings_for(name: str) -> Settings:
    """The settings in force; without a platform, the source is that of the campaign's own mock, if any."""
    settings = load_settings()
    if settings.platform_url is None and settings.source is None:
        task_id = task_id_of(name, settings)
        if has_mock(Home(settings.home), task_id):
            return settings.model_copy(update={"source": mock_source(task_id)})
    return settings


@contextmanager
def outside_of(name: str) -> Iterator[Callable[[], object]]:
    """Makes the outside systems of a campaign reachable: those configured, or its own mock, started again.

    Gives what ends again what was started for it.
    """
    settings = settings_for(name)
    task_id = task_id_of(name, settings)
    folder = Home(settings.home)
    if settings.platform_url is not None or not has_mock(folder, task_id):
        yield lambda: None
        return
    with folder.in_use():
        mock = resume_mock(folder, task_id)
        os.environ.update(mock.environment(task_id))
        with living(folder, mock):
            yield lambda: end_leftovers(folder, at_once=True)


def task_id_of(name: str, settings: Settings) -> str:
    """The number of the campaign called `name`, found as `flows.site.resolve_campaign` finds it.

    Where there is none, the name as it is.
    """
    with open_books(settings) as books, books.ledger.read() as tx:
        known = campaign_of(tx, name)
    if known is not None:
        return known.task_id
    path = find_plan(name)
    return read_plan(path).task_id if path is not None else name
