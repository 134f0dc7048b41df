"""What an operator reads in the Prefect UI after a flow: one Markdown artifact in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext

from documents.markdown import cell
from flows.service.server_gone import tell

_NOT_ALLOWED = re.compile(r"[^a-z0-9-]+")


class Markup(str):
    """Markdown of our own making, for a table's cell."""

    __slots__ = ()


def is_recorded() -> bool:
    """Whether a flow run is under way, so that somebody will be able to read an artifact."""
    return FlowRunContext.get() is not None


def write_artifact(key: str, markdown: str, description: str) -> None:
    """Writes the artifact where a flow run is under way; elsewhere there is nobody to read it.

    Prefect allows lower-case letters, digits and dashes in keys, so Chinese belongs in `description`.
    """
    if is_recorded():
        # The flows run in threads of an asynchronous run, where Prefect would hand back a coroutine.
        tell(
            lambda: create_markdown_artifact(
                key=_NOT_ALLOWED.sub("-", key.lower()).strip("-"),
                markdown=markdown,
                description=description,
                _sync=True,  # type: ignore[call-arg]  # hidden by the decorator
            )
        )


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers go to the right.

    What stands in a cell is shown as it is, since names come from outside; only `Markup` is read as Markdown.
    """
    lines = ["| " + " | ".join(headings) + " |"]
    body = [[_cell(value) for value in row] for row in rows]
    numeric = [bool(body) and all(row[i].isdigit() for row in body) for i in range(len(headings))]
    lines.append("|" + "|".join("---:" if right else "---" for right in numeric) + "|")
    lines.extend("| " + " | ".join(row) + " |" for row in body)
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, Markup):
        return value.replace("|", "\\|").replace("\n", " ")
    return "" if value is None else cell(str(value))
