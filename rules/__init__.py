"""The law as pure functions: eligibility, ratios, deadlines in working days, disposals, statistics."""
