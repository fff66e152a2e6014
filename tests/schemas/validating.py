"""jsonschema without a grammar that takes seconds to import, for formats that no schema of ours names."""

import sys

GRAMMAR = "rfc3987_syntax"

# Null there makes its import fail, which jsonschema takes for "not installed".
sys.modules[GRAMMAR] = None  # type: ignore[assignment]  # what Python's documents say of null there
try:
    from jsonschema import Draft202012Validator
finally:
    del sys.modules[GRAMMAR]

__all__ = ["Draft202012Validator"]
