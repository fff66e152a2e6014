from tests.faults.drill_report import Circumstances, Note, Trial, render, sentence

TODAY = Circumstances("2026-11-24 10:00 UTC", "af6fa29", "2 cores")
FROZEN = Note("9", "Redis frozen for 60 s", "p99 12 ms", "p99 <= 60 ms", met=True)


def test_a_report_has_a_line_for_each_figure_in_the_order_of_the_faults() -> None:
    slow = Note("10", "Redis 200 ms away", "p99 70 ms", "p99 <= 60 ms", met=False)
    probes = Note("10", "the same", "9 probes in 10 s", "", met=None)
    trials = [
        Trial("t.py::test_slow_redis_slows_nobody", "passed", 61.4, (slow, probes)),
        Trial("t.py::test_frozen_redis_slows_nobody", "passed", 70, (FROZEN,)),
    ]
    assert render(TODAY, trials) == (
        "# What happens when a part fails\n"
        "\n"
        "Drilled on 2026-11-24 10:00 UTC, at commit af6fa29, on 2 cores.\n"
        "Of 2 trials 2 passed, 0 failed and 0 were skipped; of 2 figures with a target 1 met it.\n"
        "\n"
        "| row | what was done | figure | target | met | what was to be shown | outcome | took |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| 9 | Redis frozen for 60 s | p99 12 ms | p99 <= 60 ms | yes | frozen redis slows nobody | passed | 70 s |\n"
        "| 10 | Redis 200 ms away | p99 70 ms | p99 <= 60 ms | **no** | slow redis slows nobody | passed | 61 s |\n"
        "| 10 | the same | 9 probes in 10 s |  |  |  |  |  |\n"
    )


def test_what_failed_and_what_was_skipped_is_said_with_its_reason() -> None:
    trials = [
        Trial("t.py::test_a_full_disk_stops_nobody", "skipped", 0, reason="Skipped: no mounts here"),
        Trial("t.py::test_b", "failed", 2, (FROZEN,), reason="assert 1 == 2\n  a | b"),
    ]
    report = render(TODAY, trials)
    assert report.endswith(
        "| b | failed | 2 s |\n"
        "|  |  |  |  |  | a full disk stops nobody | skipped | 0 s |\n"
        "\n"
        "## Failed\n"
        "\n"
        "- b: assert 1 == 2 a | b\n"
        "\n"
        "## Skipped\n"
        "\n"
        "- a full disk stops nobody: Skipped: no mounts here\n"
    )


def test_a_bar_in_a_figure_does_not_break_the_table() -> None:
    note = Note("9", "a|b\nc", "", "", met=None)
    assert "| 9 | a\\|b c |  |  |  | x | passed | 1 s |" in render(TODAY, [Trial("test_x", "passed", 1, (note,))])


def test_a_tests_name_is_read_as_a_sentence() -> None:
    names = ["tests/faults/t.py::test_no_click_is_lost", "t.py::test_a_store_may_be[frozen-10 s]"]
    assert [sentence(name) for name in names] == ["no click is lost", "a store may be [frozen-10 s]"]
