"""When a day of the reporting zone begins and ends, as SQL. Pure: the only place that says so to those who count."""


def write_first_at(day: str) -> str:
    """Give the SQL of the first moment of a day, which is SQL of the type date.

    Where clocks go back from 1:00 to 0:00 there are two midnights. PostgreSQL takes the later one, and `date_trunc`
    names the day by it, but the day's clicks begin an hour before it.
    """
    return f"""(
        SELECT CASE WHEN ((midnight - interval '1 hour') AT TIME ZONE zone)::date = {day}
            THEN midnight - interval '1 hour' ELSE midnight END
        FROM (SELECT zone, ({day})::timestamp AT TIME ZONE zone AS midnight FROM rollup_state) AS of_day
    )"""  # noqa: S608 - fixed texts


def write_after(day: str) -> str:
    """Give the SQL of the first moment after a day."""
    return write_first_at(f"({day} + 1)")
