"""The pipeline: stages with rate and lag, the conservation ledger, the health of the servers, versions in use."""
