"""The journal: what the redirect accepts is in a file before it is answered, and stays there until Kafka has it.

It is the queue between the redirect and the publisher; memory is only a window on it. Promises: `append` never waits
and never raises; a click it took survives the death of the process, and a loss of power but for the sync interval;
whatever is damaged, missing or foreign in its folders, it opens, and every intact click is handed out again.

    framing    one click <-> its bytes in a file. Pure.
    segments   the files: made, listed, read, counted, removed
    claims     one owner to a folder; folders without one are adopted
    folders    those a process has
    threads    where system calls wait that may take long
    writer     the segment in use, its successor, and what happens when the disk refuses
    shelf      clicks in memory, and what they weigh
    backlog    segments read back, in order
    queues     memory and backlog, and what is taken from each
    unwritten  clicks that no disk took, until one does
    books      which files there are, how far each has come, and when it goes
    journal    append, take, acknowledge: what the redirect and the publisher see
    status     what people ask from outside
"""
