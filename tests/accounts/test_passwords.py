"""Passwords: twelve signs at least, and none of those that everybody tries first."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from balmanager.accounts.models import User
from balmanager.accounts.passwords import common_words
from directory.folding import fold

pytestmark = pytest.mark.sqlite_run


def is_refused(password, user=None) -> bool:
    try:
        validate_password(password, user)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "hopital2026", "hopital2026!!", "Hôpital-2026-07", "bonjour123!", "Bonjour12345!", "b0nj0ur12345",
        "Printemps2026!", "été2026!été2026", "motdepasse123", "MotDePasse2026", "azertyuiop12", "Azerty123456!",
        "Marseille1313", "chatchien2026", "secretariat!2026", "juillet-aout-2026", "2026-11-28-2026", "aaaaaaaaaaaaa",
        "abababababab", "@dm1n1str@teur", "cardiologie01", "Sophie1985!!!", "urgences-chu-2026",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_refused(password):
    assert is_refused(password)


@pytest.mark.parametrize(
    "password", ["correct-cheval-pile", "girafe-tranquille-7", "Tz8!qLm4#wRp", "onze girafes bleues", "k7Gd-92hs-Lq0x"]
)
def test_what_is_not_common_is_taken(password):
    assert not is_refused(password)


def test_twelve_signs_are_enough_and_eleven_are_not():
    assert is_refused("girafe-seul")
    assert not is_refused("girafe-seule")


def test_one_s_own_name_is_no_password():
    assert is_refused("delphine.exemple", User(username="delphine.exemple", email="delphine.exemple@exemple.invalid"))


def test_the_list_is_written_as_it_is_compared():
    assert all(word == fold(word) for word in common_words())
    assert len(common_words()) > 300
