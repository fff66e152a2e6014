"""The compatibility gate: whether the readers and the records of a release survive the contract as it is today.

`json_schemas`, `words` and `topics` each compare one part of two contracts; `gate` puts them together. All are pure.
"""

from schemas.compatibility.change import Change
from schemas.compatibility.gate import find_breaks

__all__ = ["Change", "find_breaks"]
