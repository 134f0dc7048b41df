"""The township (乡镇、街道) in which an address lies, as far as the address says.

Addresses are written by hand: nothing but a township's name at the place where one stands is taken,
a street or a factory zone is none, and what is not said is not guessed.
"""

from __future__ import annotations

import re

NO_TOWNSHIP = "未写明乡镇（街道）"
OUTSIDE = "县域外"

_TOWNSHIP = re.compile(r"([一-龥]{1,8}?(?:街道办事处|街道|办事处|镇|民族乡|乡|苏木))")
_OTHER_COUNTY = re.compile(r"(?:[一-龥]{2,8}?(?:省|自治区))?[一-龥]{1,8}?(?:市|县|旗|自治县)")
# Within what the pattern takes for a name: then it is a street or a zone that a township's office stands by.
_NOT_IN_A_NAME = re.compile(r"[路街巷区村侧号]|大道")


def township_of(address: str | None, county: str | None) -> str:
    """The township's name, `OUTSIDE` for an address in another county, `NO_TOWNSHIP` if it does not say.

    `county` is the campaign's own (清河县); what stands before it (province, city) is passed over.
    街道办事处 is told as 街道; other spellings of one place stay apart, as they are written.
    """
    text = "".join((address or "").split())
    if county and county in text:
        text = text.partition(county)[2]
    elif county and _OTHER_COUNTY.match(text):
        return OUTSIDE
    match = _TOWNSHIP.match(text)
    if match is None:
        return NO_TOWNSHIP
    name = match[1].removesuffix("办事处") if match[1].endswith("街道办事处") else match[1]
    stem = re.sub(r"(?:街道|办事处|镇|民族乡|乡|苏木)$", "", name)
    return NO_TOWNSHIP if not stem or _NOT_IN_A_NAME.search(stem) else name
