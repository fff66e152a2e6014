"""The Location: a stored URL, its macros, what of the visitor's query goes with it. Pure."""
