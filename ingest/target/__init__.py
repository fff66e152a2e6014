"""The Location of a redirect: a stored URL, its macros, and the visitor's parameters that are passed on. Pure."""
