"""Console: the web page for people. It reads the tables, Kafka for the live view, and a login provider if there is one.

Rooms: `web` (routes, templates, forms, assets), `auth` (login, sessions, guard), `live` (the stream from Kafka to the
browser), `pages` (what each page shows: clicks, the explanation of one click, errors, dead letters, overview).

Promises: it writes only its own tables, and referrals where people change them; visitors' input is shown as text and
never executed; nobody sees anything before login; the page loads nothing from other sites; while Kafka or PostgreSQL
is away, it says so and keeps working.
"""
