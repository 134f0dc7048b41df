"""How an enterprise is called on pages and in messages that leave the installation.

A sole trader's name may be a person's (GB 32100: codes that begin with 92), so such enterprises are shown by
their code alone.
"""

from __future__ import annotations

_SOLE_TRADER = "92"


def shown_name(uscc: str, ent_name: str) -> str:
    """The name, or the code where the name may be a person's."""
    return uscc if uscc.startswith(_SOLE_TRADER) else ent_name


def name_and_code(uscc: str, ent_name: str) -> str:
    """The name with the code behind it; the code alone where the name may be a person's."""
    return uscc if uscc.startswith(_SOLE_TRADER) else f"{ent_name}（{uscc}）"
