"""Lists of people and of accesses, brought in by gisele."""

import pytest

HEADERS = "RPPS;Nom de famille;Prénom;Profession;Service;Courriel;CPS;Arrivée"
OF_ACCESSES = "Adresse;RPPS;Nom et prénom;Rôle;Droit;Sous la responsabilité de;Mission"
VOUCHED = "Dr Alice Exemple, le 3 novembre, par téléphone"


@pytest.fixture
def of_people(bring_in):
    def go(*lines, headers=HEADERS, **facts):
        return bring_in("\n".join([headers, *lines]), sort="people", operator=None, **facts)

    return go


@pytest.fixture
def of_accesses(bring_in):
    def go(*lines, **facts):
        facts = {"sort": "accesses", "operator": None, "vouched": VOUCHED, **facts}
        return bring_in("\n".join([OF_ACCESSES, *lines]), **facts)

    return go
