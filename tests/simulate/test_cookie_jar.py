from simulate.cookie_jar import CookieJar


def test_a_visitor_brings_what_was_set() -> None:
    jar = CookieJar()
    jar.keep("anna", ("cr-shop=v1.k1.A; Path=/; HttpOnly", "lb=7"))
    assert jar.cookie_of("anna") == "cr-shop=v1.k1.A; lb=7"


def test_a_later_value_takes_the_place_of_an_earlier_one() -> None:
    jar = CookieJar()
    jar.keep("anna", ("cr-shop=1",))
    jar.keep("anna", ("cr-shop=2",))
    assert jar.cookie_of("anna") == "cr-shop=2"


def test_nobody_else_brings_it() -> None:
    jar = CookieJar()
    jar.keep("anna", ("cr-shop=1",))
    jar.keep(None, ("cr-shop=2",))
    assert (jar.cookie_of("ben"), jar.cookie_of(None)) == (None, None)


def test_whoever_was_marked_longest_ago_is_forgotten_first() -> None:
    jar = CookieJar(most=2)
    for name in ("anna", "ben", "anna", "cleo"):
        jar.keep(name, ("a=1",))
    assert [jar.cookie_of(name) for name in ("anna", "ben", "cleo")] == ["a=1", None, "a=1"]


def test_what_is_no_cookie_is_passed_over() -> None:
    jar = CookieJar()
    jar.keep("anna", ("nonsense", "a=b=c"))
    assert jar.cookie_of("anna") == "a=b=c"
