"""The local stack: real Apache Kafka, PostgreSQL and Valkey as child processes, from ordinary packages.

`async with run_stack(settings) as stack` starts the three and stops them in order; `starting(...)` runs one server.
Nothing needs to be installed beforehand but Python: no Docker, no Java, no Node, no root.
"""
