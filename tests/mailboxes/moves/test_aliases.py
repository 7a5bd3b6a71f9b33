"""A second address of a BAL: found, checked and resolved to it, never counted twice."""

import pytest
from django.urls import reverse

from mailboxes import actions
from mailboxes.api.candidates import ResolverQuestion
from mailboxes.api.resolver import resolve
from mailboxes.find.reads import bals_named
from mailboxes.forms.bal_filter import BalFilter
from mailboxes.gaps import Gaps
from mailboxes.lifecycle import Act
from mailboxes.models import Alias, Bal, JournalEntry, Structure
from mailboxes.rules import NotAllowed, Refused

pytestmark = pytest.mark.django_db
MARTIN = "martin.exemple@chu-exemple.mssante.fr"


@pytest.fixture
def alias(per, by):
    return actions.add_alias(per, MARTIN, by=by, why="Nom d’avant.")


def test_an_alias_is_entered_and_taken_out_by_hand_each_with_its_line(per, alias, by, people):
    assert (alias.bal, alias.nature) == (per, Alias.Nature.KEPT)
    actions.drop_alias(alias, by=by)
    lines = JournalEntry.objects.filter(bal=per).order_by("pk").values_list("what", "before", "after")
    assert list(lines) == [(Act.ADD_ALIAS, "", MARTIN), (Act.DROP_ALIAS, MARTIN, "")]
    with pytest.raises(NotAllowed):
        actions.add_alias(per, MARTIN, by=people.lea.user)


def test_an_address_is_one_bal_s_whether_its_own_or_an_alias(per, org, alias, by, structure, operator):
    facts = {"structure": structure, "operator": operator, "kind": "ORG", "exists": True, "by": by}
    with pytest.raises(Refused, match="comme alias d’une autre BAL"):
        actions.register_bal(address=MARTIN, **facts)
    with pytest.raises(Refused, match="celle d’une BAL active"):
        actions.add_alias(org, per.address, by=by)
    with pytest.raises(Refused):
        actions.add_alias(org, MARTIN, by=by)
    with pytest.raises(Refused, match="déjà l’adresse de cette BAL"):
        actions.add_alias(per, per.address, by=by)
    with pytest.raises(Refused, match="domaine"):
        actions.add_alias(org, "x@ailleurs.mssante.fr", by=by)


def test_a_new_name_makes_one_of_the_address_that_was(per, by):
    former = per.address
    actions.correct_bal(per, by=by, why="Mariage.", keeps_former=True, address=MARTIN)
    assert Alias.objects.get().address == former
    actions.correct_bal(Bal.objects.get(), by=by, why="Retour au nom.", keeps_former=True, address=former)
    assert Alias.objects.get().address == MARTIN, "the two have changed places"


def test_it_is_found_by_the_search_and_in_the_register(per, alias, by, rf):
    assert bals_named("martin", by, 5) == [per]
    request = rf.get("/")
    request.user = by
    found = BalFilter({"q": "martin"}, queryset=Bal.objects.all(), request=request)
    assert list(found.qs) == [per]


def test_the_check_of_an_address_leads_to_its_bal_for_who_sees_it(client, per, alias, people):
    for person, is_told in ((people.gisele, True), (people.eve, False)):
        client.force_login(person.user)
        page = client.post(reverse("directory:check"), {"address": MARTIN}).text
        assert (per.get_absolute_url() in page) == is_told


def test_the_resolver_gives_one_answer_for_a_bal_of_two_published_addresses(per, alias, people, make_entry, by):
    facts = {"person_id": people.paul.rpps, "structure_id": per.structure.finess_et, "family_name": "Exemple"}
    make_entry(MARTIN, **facts)
    question = ResolverQuestion(rpps=people.paul.rpps)
    (answer,) = resolve([question], user=by)
    assert answer.best.candidate.bal.pk == per.pk
    assert alias.get_nature_display() in dict(answer.warnings)["alias"]
    assert per.address in dict(answer.warnings)["alias"]
    make_entry(per.address, **facts)
    (answer,) = resolve([question], user=by)
    assert (answer.best.candidate.address, answer.alternatives) == (per.address, [])


def test_it_is_no_unknown_address_of_the_annuaire(per, alias, make_entry, fresh):
    make_entry(per.address, structure_id=per.structure.finess_et)
    make_entry(MARTIN, structure_id=per.structure.finess_et)
    assert not Gaps(Structure.objects.all()).narrowed(situation="inconnue").count()


def test_a_list_that_names_it_names_its_bal_and_says_so(per, alias, bring_in):
    run = bring_in(f"Adresse;Type;Espace occupé (Mo)\n{MARTIN};PER;12\n")
    (line,) = run.lines.exclude(number=None)
    assert (line.bal, line.outcome) == (per, "updated")
    assert f"alias de «\xa0{per.address}" in line.remark
    assert Bal.objects.get().used_mb == 12, "it is named by no other line"
    assert run.absent == 0


def test_a_bal_named_twice_in_a_list_learns_once(per, alias, bring_in):
    run = bring_in(f"Adresse;Type;Espace occupé (Mo)\n{MARTIN};PER;99\n{per.address};PER;12\n")
    assert Bal.objects.get().used_mb == 12
    assert (run.created, run.rejected) == (0, 0)
    assert per.readings.count() == 1


def test_the_page_of_the_bal_shows_it_and_lets_who_may_take_it_out(client, per, alias, people):
    for person, may in ((people.gisele, True), (people.lea, False)):
        client.force_login(person.user)
        page = client.get(per.get_absolute_url()).text
        assert MARTIN in page
        assert (reverse("alias-drop", args=[alias.pk]) in page) == may
    client.force_login(people.gisele.user)
    client.post(reverse("bal-alias", args=[per.pk]), {"address": "paul@chu-exemple.mssante.fr"})
    client.post(reverse("alias-drop", args=[alias.pk]), {"note": ""})
    assert [one.address for one in per.aliases.all()] == ["paul@chu-exemple.mssante.fr"]
