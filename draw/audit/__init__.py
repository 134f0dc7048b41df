"""Somebody else's draw, judged by what chance would do (draw-spec.md §7.2).

From the list in the order in which the platform shows it, and what was drawn from it, once or many
times: hard checks first, then tests of whether a fair draw would look like this.  It accuses nobody:
every answer is "compatible with chance" or "chance alone does this less than once in …".

A fair draw is one in which every set of the right size (in each stratum, where strata are given) is
equally likely.  Everything is measured against that, exactly where a formula is known, otherwise
against fair draws that are simulated from a stated seed.  numpy and scipy are needed here and nowhere
else in this room; nothing outside this package imports it without being asked for an audit.

    outcome        what one test says
    listing        the list, the draws, the teams, as plain sequences; where the drawn ones stand
    hard           what no fair draw can do: drawn from outside, twice, too few, numbers that skip
    traits         classes of objects from what the list says of them
    fair           fair draws: simulated, with the statistics that tests share
    distributions  exact distributions: empty segments, overlaps, never drawn; Chernoff bounds
    places         tests of one draw after another: fixed step, empty segment, even gaps, trend
    coverage       tests of who is drawn: tenths of the list, remainders, traits
    rounds         tests over a series: repeats, never drawn, the same ones again
    pairs          inspectors who meet the same object again
    unfair         draws with a named defect, for power
    shown          numbers for the pictures
    judgement      all tests, Holm's correction, power in cases of 100
"""
