"""Prints the figures of `docs/accuracy.md`: `python -m tests.enricher.agents.report`."""

import sys
from collections import defaultdict

from enricher.steps.agent import ReadAgent, load_agent_reader
from tests.enricher.agents.examples import read_devices, read_kinds


def judge(read_agent: ReadAgent, held_out: bool) -> list[tuple[str, bool, str]]:
    """Give group, whether it was right, and the user agent of each example."""
    names = ("held_out.txt", "devices_held_out.txt") if held_out else ("kinds.txt", "devices.txt")
    kinds = [
        (row.group, read_agent(row.user_agent, None).bot.kind == row.kind, row.user_agent)
        for row in read_kinds(names[0])
    ]
    devices = [
        (f"device: {row.group}", read_agent(row.user_agent, row.hints).device.type == row.type, row.user_agent)
        for row in read_devices(names[1])
    ]
    return kinds + devices


def report() -> None:
    read_agent = load_agent_reader()
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for held_out in (False, True):
        for group, right, user_agent in judge(read_agent, held_out):
            groups[group][2 * held_out] += right
            groups[group][2 * held_out + 1] += 1
            if not right:
                sys.stdout.write(f"wrong: {group}: {user_agent}\n")
    for group, (right, total, held_right, held_total) in groups.items():
        sys.stdout.write(f"| {group} | {right} of {total} | {held_right} of {held_total} |\n")


if __name__ == "__main__":
    report()
