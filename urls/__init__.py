"""One parser for referral codes, links, targets and queries, so that every part reads them as the redirect does.

The functions take texts and return what they are, or a sentence that says why they are invalid. All are pure.
"""
