"""How Clickrail is run: images, compose parts, and `deploy.local`, which runs the servers it needs on one machine."""
