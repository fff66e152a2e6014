import random

from referrals.admin.ids import is_id, make_affiliate_id, make_code, make_program_id
from urls.codes import is_code


def test_made_ids_are_ids_and_say_what_they_name() -> None:
    choose = random.Random(1).choice
    made = [make_program_id(choose), make_affiliate_id(choose)]
    assert [(id_[:4], len(id_), is_id(id_)) for id_ in made] == [("prg_", 14, True), ("aff_", 14, True)]


def test_made_codes_are_codes_of_ten_characters_and_do_not_repeat() -> None:
    choose = random.Random(1).choice
    made = {make_code(choose) for _ in range(10_000)}
    assert (len(made), {len(code) for code in made}, all(map(is_code, made))) == (10_000, {10}, True)


def test_what_is_no_id_is_told_apart() -> None:
    ids = ["", "A", "a b", "a\n", "x" * 41, "ä"]
    assert not any(map(is_id, ids))
    assert all(map(is_id, ["a", "a-_9", "x" * 40]))
