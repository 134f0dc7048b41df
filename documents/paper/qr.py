"""QR codes as SVG, which a template prints as a picture."""

from __future__ import annotations

import segno

_MANY_BYTES = 300
_ANY_MASK = 3
"""Trying all eight masks (ISO/IEC 18004, 7.8.3) takes most of the time; long texts look random under each."""


def qr_svg(text: str) -> str:
    """The QR code (ISO/IEC 18004, error correction M, quiet zone of four modules) of a text as SVG.

    `text` is at most 2,331 bytes of UTF-8; codes for paper stay below, to be read from a copy.
    """
    mask = _ANY_MASK if len(text.encode()) > _MANY_BYTES else None
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=mask)
    svg: str = code.svg_inline(border=4, omitsize=True)
    return svg
