"""HTTP as visitors speak it: connections, requests parsed from their bytes, answers as bytes."""
