"""`clickrail status`: what runs, what is wrong, and what to do about it.

It asks the health ports of the services, and checks what they need: settings, Kafka, PostgreSQL, Redis, the key ring,
the disk. It changes nothing.
"""
