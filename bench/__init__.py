"""Measurements. Each is a ratio against a baseline of the same run, because these machines are noisy.

`make bench` runs all; `python -m bench redirect idle` some.
"""
