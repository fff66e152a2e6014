"""How a process of Clickrail lives: settings, logs, metrics, health, Kafka in and out, migrations.

Nothing in here knows what a click is. Whatever only one service uses belongs to that service.
"""
