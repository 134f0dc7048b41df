"""The settings that every record model shares."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable record; unknown members are refused, and errors never repeat the input.

    `hide_input_in_errors` keeps personal data out of messages and logs.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=False
    )
