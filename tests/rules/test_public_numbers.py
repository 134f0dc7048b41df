"""Which public numbers a plan may name, and how their results are written."""

from __future__ import annotations

import re
from math import comb

import pytest

from draw.public_form import compiled_pattern, form_problem
from rules.public_numbers import ENOUGH_VALUES, NUMBER_KINDS, is_pattern, kind_of
