"""Pages as such: addresses, templates, forms, answers, texts made fit to be shown."""
