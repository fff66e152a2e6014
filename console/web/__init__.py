"""The web side of every page: routes, URLs, templates, forms, responses, static files, safe display of texts."""
