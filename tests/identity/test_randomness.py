from concurrent.futures import ThreadPoolExecutor

from identity.randomness import RandomPool


def test_chunks_have_the_width_and_come_from_the_source_by_the_hundred() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    pool = RandomPool(12, read)

    assert [len(pool.draw()) for _ in range(257)] == [12] * 257
    assert asked == [12 * 256, 12 * 256]


def test_no_byte_of_the_source_is_left_out_or_given_twice() -> None:
    source = bytes(range(256)) * 2
    pool = RandomPool(2, lambda size: source[:size])

    assert sorted(pool.draw() for _ in range(256)) == sorted(source[at : at + 2] for at in range(0, 512, 2))


def test_threads_never_draw_the_same_chunk() -> None:
    pool = RandomPool(12)

    def draw_many(_: int) -> list[bytes]:
        return [pool.draw() for _ in range(5_000)]

    with ThreadPoolExecutor(8) as threads:
        drawn = [chunk for chunks in threads.map(draw_many, range(8)) for chunk in chunks]

    assert (len(drawn), len(set(drawn))) == (40_000, 40_000)
