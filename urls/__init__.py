"""Referral codes, links, targets and queries, read in one place: whoever reads one reads it as the redirect does.

It takes texts and gives what they are, or a sentence that says why they are not. Everything here is pure.
"""
