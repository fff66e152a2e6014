"""The journal: every accepted click is in a file before its visitor gets the response, until Kafka has it.

It is the queue between the redirect and the publisher; memory holds only its newest part. `append` never waits and
never raises. An appended click survives the death of the process, and a power loss except for the last sync interval.
The journal opens whatever is damaged, missing or foreign in its folders, and gives out every intact click.

    framing             one click <-> its bytes in a file. Pure.
    segments            the files: make, list, read, count, remove
    folder_lock         one owner per folder; ownerless folders are adopted
    folders             the folders of this process
    threads             for system calls that may block
    writer              the active segment, its spare, and refusals by the disk
    entry_queue         clicks in memory, with their weight
    backlog             reads segments back, in order
    queues              memory and backlog, and how many clicks are taken from each
    in_memory_segments  clicks that the disk refused, until it accepts them
    segment_registry    all segments: how many clicks are acknowledged, and when a file is removed
    journal             append, take, acknowledge: what the redirect and the publisher use
    status              a journal inspected from outside
"""
