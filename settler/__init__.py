"""The settler scores clicks again 15 minutes later, when it is known what the clicks after them say.

Reads the table `clicks` in the order of the ids, writes `click_scores`, and `affiliate_quality` for each day that is
settled. Promises: a click that is stored gets a settled score, once for each set of rules, whatever stops the settler
and however late the click is; two settlers write what one would. An outage of PostgreSQL makes it wait.
"""
