"""What a page shows, and its address: range, comparison, filters, groups. The address is the only state. Pure."""
