"""HTTP for visitors: connections, requests parsed from bytes, responses rendered to bytes."""
