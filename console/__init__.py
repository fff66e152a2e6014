"""Console: takes what the tables hold and what Kafka brings, gives a web page for people.

Promises: it reads, and writes only who is logged in and who failed to; whatever a visitor sent is shown as text and
never obeyed; nobody sees anything before they have logged in; the page loads nothing from elsewhere; and while Kafka or
PostgreSQL is away, it says so and goes on.
"""
