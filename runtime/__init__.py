"""What every process of Clickrail needs: settings, logs, metrics, health, Kafka, PostgreSQL, Redis, migrations.

Nothing here knows what a click is. Code that only one service uses belongs in that service.
"""
