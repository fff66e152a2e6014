"""Programs, affiliates and codes: their lists, pages, forms and import."""
