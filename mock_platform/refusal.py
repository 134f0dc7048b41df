"""Why the platform or the exchange does not do what it was asked."""

from __future__ import annotations


class Refusal(Exception):
    """A code of the contract and its Chinese text.

    41 signature, nonce or clock; 42 too many requests; 44 not found; 49 duplicate or
    conflict; 96 data error; 97 missing parameter; 98 wrong type; 99 system error.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


def require(condition: bool, text: str, code: str = "96") -> None:
    """Raises a Refusal unless the condition holds."""
    if not condition:
        raise Refusal(code, text)
