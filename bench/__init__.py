"""How fast, how large, how often right: measured side by side with what else does the same job.

One file per question; `python -m bench` runs them all, `python -m bench merkle matching` some.
Each prints one JSON line per figure:

    name     the question, in dotted words
    size     how many objects (draws, …) it was asked about
    ours     what we reach: rows per second unless `name` says otherwise
    peers    what others reach on the same data in the same run, by name
    limit    what nobody can pass, or null
    ratio    ours compared with what the target is about; more is better, unless the name says "times"
    target   the ratio to reach
    met      whether it was
    rss_mb   peak memory of the process that measured, in MiB

Rounds are interleaved (ours, peer, ours, peer, …) and the median is taken; `seconds` gives
minimum and median of each.  SCALE=small (default) takes minutes, SCALE=full is 10 million
objects.
"""
