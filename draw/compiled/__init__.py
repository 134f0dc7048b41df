"""One block of a list in machine code: numba compiles these functions for the processor at hand.

They are calculators and nothing else: numbers in, numbers out.  `draw.parts` does the
same in plain Python and is their check; whatever looks odd to them it looks at again, so
that refusals come from one place.

    sha256  many messages side by side, sixteen in step
    block   lines, tickets, leaves and subtrees of a block
"""
