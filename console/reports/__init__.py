"""Reports: clicks grouped by up to three things, as a table and as CSV; saved views and links that share them."""
