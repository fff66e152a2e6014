from identity.keys import destroy, rotate
from identity.prepared_keys import KeySet
from identity.verification import VerificationError
from tests.identity.builders import NOW, active, known_ring, randomness, secret


def test_keys_are_found_by_the_id_of_their_own_purpose_only() -> None:
    rotated = rotate(known_ring(), "cookie", NOW, randomness(1))
    keys = KeySet(destroy(rotated, "cookie", "k7"), "cookie", lambda _, secret: secret)
    new = active(rotated, "cookie")

    assert (keys.kid, keys.active) == (new.kid, new.secret)
    assert keys.find(new.kid) == new.secret
    assert keys.find("k7") == VerificationError("destroyed_key")
    assert keys.find("zz") == VerificationError("unknown_key")
    assert KeySet(rotated, "token", lambda _, secret: secret).find("k7") == secret("token")
