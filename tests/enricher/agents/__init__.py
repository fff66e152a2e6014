"""User agents with what is known of them. `docs/accuracy.md` says how they were chosen, `report.py` counts."""
