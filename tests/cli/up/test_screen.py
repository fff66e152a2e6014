"""What is shown without a terminal."""

from cli.up.screen import PlainScreen


class Screened:
    """A plain screen, its lines and its clock."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now = 1000.0
        self.screen = PlainScreen(self.lines.append, lambda: self.now)


def test_each_phrase_is_said_once_though_work_that_is_done_at_once_reports_in_turns() -> None:
    shown = Screened()
    for what, done in (("Fetching Kafka", 0.0), ("Making a cluster", None), ("Fetching Kafka", 0.5)):
        shown.screen.progress(what, done)

    assert shown.lines == ["Fetching Kafka ...", "Making a cluster ..."]


def test_markup_is_left_out() -> None:
    shown = Screened()
    shown.screen.say("[bold]Link[/] x")

    assert shown.lines == ["Link x"]


def test_what_is_said_is_said_each_time() -> None:
    shown = Screened()
    shown.screen.say("Kafka ended")
    shown.screen.say("Kafka ended")

    assert shown.lines == ["Kafka ended", "Kafka ended"]


def test_a_status_is_printed_when_it_changes_and_at_most_each_minute() -> None:
    shown = Screened()
    for second in range(300):
        shown.now = 1000.0 + second
        shown.screen.status("0 clicks/s" if second < 100 or second > 200 else f"{second} clicks/s")

    assert shown.lines == ["0 clicks/s", "100 clicks/s", "160 clicks/s", "0 clicks/s"]
