"""The audit log: who changed what, and when, with before and after; written in the transaction of the change."""
