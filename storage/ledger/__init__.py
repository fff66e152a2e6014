"""The conservation ledger: which clicks, by the numbers that ingest gave them, have arrived in the tables.

`arrivals.py` notes them with each batch, `merge.py` keeps the tables small, `job.py` runs that in the sink;
storage/read/ledger.py reads it.
"""
