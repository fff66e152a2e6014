"""Sources of facts outside the click: geo files, and a store that all enrichers share."""
