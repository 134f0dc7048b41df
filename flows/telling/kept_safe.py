"""What a flow raises, before Prefect sees it.

Prefect keeps the text of an error in states, events and logs, with all that it came from, and shows it in
its pages and in the terminal.  Errors of the catalogue hold no personal data and pass; the text of any other
stops here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.exceptions import PrefectException

from flows.service.server_gone import is_server_gone
from flows.telling.unexpected import unexpected
from schemas.errors import DrawbridgeError


@contextmanager
def kept_safe() -> Iterator[None]:
    """What the block raises leaves it without a text that nobody has looked at.

    Raises DrawbridgeError DB-CLI-005 (facts `kind`, `places`) or -006 in place of an error from outside the
    catalogue.  What Prefect raises for its own ends, and that its server gives no answer, pass as they are.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, PrefectException) or is_server_gone(error):
            raise
        if not isinstance(error, DrawbridgeError):
            raise unexpected(error) from None
        error.__cause__, error.__suppress_context__ = None, True
        raise
