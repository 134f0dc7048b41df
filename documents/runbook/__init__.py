"""The runbook: for every error code what it means, what to look at, what to press, whom to call.

What a code means and the first advice stand in the catalogue (`schemas/errors/*.toml`) and are not
written again here.  This room adds what an operator needs beside them, per area, per range of
numbers inside an area, and per code::

    python -m documents.runbook          > docs/runbook.md      # Chinese, for the office
    python -m documents.runbook --en     > docs/runbook.en.md   # what of it is kept in English

areas.toml    each area of codes: its title, and the texts of a code that has none of its own
roles.toml    whom to call, what each of them answers for, what to have at hand
outside.toml  the outside systems by number: platform and publicity system fail in the same ways
symptoms.toml what a person sees, and the codes it may be
words.toml    the catalogue's placeholders in words
codes/*.toml  single codes

A code that is new in the catalogue is in the next runbook with the texts of its area.
"""

from documents.runbook.advice import Advice, advice_on
from documents.runbook.render import runbook

__all__ = ["Advice", "advice_on", "runbook"]
