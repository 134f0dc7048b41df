"""The random draw as pure functions: drawbridge-draw/1.

Two stages, one protocol: freeze, commit, reveal, public number, draw, certify.
Stage `objects` draws who is inspected, stage `inspectors` draws who inspects
and matches.  Nothing here has a clock, a network, a database or randomness of
its own: salts, values and times are arguments, so that the same arguments give
the same bytes on any machine.

    text        what may be written; public_number: how a public number is written
    canonical   documents are their RFC 8785 bytes; shape: their form as a table
    lines       frozen files line by line; merkle: roots and inclusion paths
    frozen      the lists that are drawn from: written, and read strictly
    commitment  what is promised before anyone reveals
    reveal      values that open their seals; closing and abandonment
    seed        one number out of all contributions; keys out of the seed
    objects     tickets, seats, winners, reserves, replacements
    inspectors  teams and joint groups
    matching    objects to groups, the lexicographically first assignment
    substitutes barred visits, seats that must be filled again
    certificate both certificates: form, corrections, what follows from them
    parts       a list read in parts by anybody, and put together again; compiled: in machine code
    reading     what is asked of the list, and the plain way to read it; shards: parts as files
    stages      both draws as functions of commitment, seed and lists
    compute     files in, certificate out; corrections
    public_form the inspectors' certificate as it is published
    check       hard checks of somebody else's draw; report: how a check can end
"""
