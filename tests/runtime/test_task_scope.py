import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.task_scope import cancel, report_failure, task_scope
from tests.waiting import PATIENCE_S


class Deaf:
    """Work that loses its first cancellation, as asyncio.wait_for may before Python 3.12."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.began = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                self.began.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancelled += 1
                if self.cancelled > 1:
                    raise


async def test_work_that_loses_its_cancellation_is_cancelled_again() -> None:
    deaf = Deaf()
    work = asyncio.create_task(deaf.run())
    async with asyncio.timeout(PATIENCE_S):
        await deaf.began.wait()
        await cancel([work], again_s=0.05)
    assert deaf.cancelled == 2


async def test_a_clean_up_is_not_cut_off() -> None:
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.5)
            cleaned.append(True)

    async with task_scope(work()):
        await asyncio.sleep(0)
    assert cleaned == [True]


async def test_work_that_fails_cancels_the_body_and_is_raised_as_itself() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async def body() -> None:
        async with task_scope(fail()):
            await asyncio.sleep(60)

    with pytest.raises(ZeroDivisionError):
        await body()


async def test_an_error_of_the_body_comes_out_as_itself() -> None:
    async def body() -> None:
        async with task_scope(asyncio.sleep(60)):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await body()


async def test_a_cancelled_body_stays_cancelled() -> None:
    async def body() -> None:
        async with task_scope(asyncio.sleep(60)):
            await asyncio.sleep(60)

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def failures(caplog: pytest.LogCaptureFixture) -> list[object]:
    return [record.exc_info and record.exc_info[0] for record in caplog.records if record.name == "runtime.task_scope"]


async def test_a_task_that_nobody_waits_for_is_logged_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    failing, ending, cancelled = (asyncio.create_task(each) for each in (fail(), asyncio.sleep(0), asyncio.sleep(60)))
    cancelled.cancel()
    for task in (failing, ending, cancelled):
        task.add_done_callback(report_failure)
    await asyncio.wait([failing, ending, cancelled])
    await asyncio.sleep(0)
    assert failures(caplog) == [ZeroDivisionError]


def test_a_call_in_a_thread_that_nobody_waits_for_is_logged_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        for divisor in (0, 1):
            pool.submit(divmod, 1, divisor).add_done_callback(report_failure)
    assert failures(caplog) == [ZeroDivisionError]
