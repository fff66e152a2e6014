"""`clickrail status`: what runs, what is wrong, and what to do about it.

One command for both questions, for whoever asks the first has the second in mind: it asks the health ports of the
services, and looks at what they need (settings, Kafka, PostgreSQL, Redis, the key ring, the disk). Nothing is changed.
"""
