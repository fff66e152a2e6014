"""Tables that people maintain and the steps decide by.

Bot rules are in `enricher/steps/bots.py`.
"""
