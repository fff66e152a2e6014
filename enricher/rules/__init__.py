"""Tables that people maintain and the steps decide by."""
