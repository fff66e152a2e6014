"""What a click is worth: evidence that it is invalid, and a score that can be computed again.

    evidence   what the score reads: the facts of one record, and what later clicks added (`LaterEvidence`)
    rules      weights and limits, from a file (`rules_file` reads it when it changes); a program may override them
    signals    one pure function for each piece of evidence
    score      signals -> score, band and class
    wording    each signal in words, for people
    settling   what the clicks around a click say about it: one pass in the order of their ids (`reorder`, `rhythm`)
    windows    what other clicks say about one: uniqueness, counts and guards, from a store (`window_*`)

The score reads neither clock nor store nor file: the same record and the same rules always give the same score.
"""
