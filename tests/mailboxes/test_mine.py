"""Mes BAL, read by who holds a BAL and by who is lent one: what is said is so, and what is shown leads somewhere."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.dates import day_in_words
from mailboxes import actions
from mailboxes.lifecycle import Act, Party, State, Verb
from mailboxes.models import Bal, Delegataire, JournalEntry, Movement, Notice, Person
from mailboxes.notices.telling import path_of
from mailboxes.rules import Refused

pytestmark = pytest.mark.sqlite_run


def soon(days=5):
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def read(visit):
    """`read(who, "bal", 3)`: the page's words, with plain spaces."""

    def go(who, view, *args):
        page = visit(who, view, *args).content.decode()
        return re.sub(r"[\s\u00a0\u202f]+", " ", re.sub(r"<[^>]+>", "", page))

    return go


@pytest.fixture
def lent(org):
    org.delegataires.update(ends_on=soon())
    return org.delegataires.get()


def dead_links(client, page):
    """Where the page's own links lead to nothing."""
    main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    links = set(re.findall(r'href="(/(?:bal|personnes|demandes|delegations)/[^"#?]*)', main))
    return sorted(link for link in links if client.get(link).status_code == 404)


# --- Asked to lend longer ---------------------------------------------------------------------------------------------
def test_who_answers_for_an_access_reads_on_mes_bal_that_longer_is_asked(lent, people, read, visit):
    assert "Prolongez-vous" not in read(people.alice, "my-bals")
    actions.ask_extension(lent, by=people.delphine.user, until=soon(40), note="Remplacement")
    page = read(people.alice, "my-bals")
    assert "Delphine EXEMPLE a accès à accueil@chu-exemple.mssante.fr sous votre responsabilité" in page
    assert f"demande à le garder jusqu’au {soon(40):%d/%m/%Y}. Motif : Remplacement" in page
    assert reverse("delegation-extend", args=[lent.pk]) in visit(people.alice, "my-bals").content.decode()
    assert "Prolongez-vous" not in read(people.bruno, "my-bals")
    actions.extend_delegation(lent, soon(40), by=people.alice.user)
    assert "Prolongez-vous" not in read(people.alice, "my-bals")


def test_the_day_that_is_asked_for_is_proposed(lent, people, visit):
    actions.ask_extension(lent, by=people.delphine.user, until=soon(40), note="Remplacement")
    page = visit(people.alice, "delegation-extend", lent.pk).content.decode()
    assert f'value="{soon(40):%Y-%m-%d}"' in page
    assert f"demande à garder cet accès jusqu’au {soon(40):%d/%m/%Y}. Motif\u00a0: Remplacement" in page


def test_lending_longer_says_what_the_operator_has_still_to_do(lent, people, visit):
    done = visit(people.alice, "delegation-extend", lent.pk, post={"ends_on": f"{soon(60)}"}, follow=True)
    assert "est prié d’ouvrir l’accès" in done.content.decode()


def test_each_of_two_who_lend_the_same_bal_until_the_same_day_is_asked(lent, people, org, read):
    twin = Delegataire.objects.create(bal=org, person=people.delphine, under=people.bruno, reason="x", ends_on=soon())
    actions.ask_extension(lent, by=people.delphine.user)
    assert read(people.delphine, "my-bals").count("Demander à prolonger") == 1
    actions.ask_extension(twin, by=people.delphine.user)
    assert set(Notice.objects.filter(stage=Act.ASK_EXTENSION).values_list("person", flat=True)) == {
        people.alice.pk,
        people.bruno.pk,
    }


def test_longer_is_not_asked_until_a_day_before_the_end(lent, people):
    with pytest.raises(Refused, match="Donnez un jour après le"):
        actions.ask_extension(lent, by=people.delphine.user, until=soon(2))
    assert not JournalEntry.objects.exists()


# --- What is lent -----------------------------------------------------------------------------------------------------
def test_a_delegation_that_is_over_before_it_begins_is_refused(people, org):
    facts = {"under": people.alice, "reason": "x", "by": people.alice.user, "starts_on": soon(-20)}
    with pytest.raises(Refused, match="déjà passé"):
        actions.delegate(org, people.lea, ends_on=soon(-1), **facts)
    assert actions.delegate(org, people.lea, ends_on=soon(0), **facts).is_current


def test_a_delegation_to_come_is_told_and_counts_no_reader_yet(people, org, read):
    actions.delegate(
        org, people.paul, under=people.alice, reason="Congés", by=people.alice.user, starts_on=soon(3), ends_on=soon(9)
    )
    page = read(people.paul, "my-bals")
    assert "Délégations à venir" in page
    assert f"lecture, du {soon(3):%d/%m/%Y} au {soon(9):%d/%m/%Y}. Congés" in page
    assert "Vous n’avez aucune BAL ici" not in page
    assert "3 personnes y ont accès, 1 autre y aura accès plus tard." in read(people.alice, "bal", org.pk)


def test_a_delegataire_reads_that_the_operator_has_still_to_open_the_access(people, org, read):
    assert "pas encore confirmé" not in read(people.delphine, "my-bals")
    actions.delegate(org, people.paul, under=people.alice, reason="Congés", by=people.alice.user, ends_on=soon())
    assert "demandé à Opérateur régional, pas encore confirmé" in read(people.paul, "my-bals")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.IDLE_ALERTED, "Personne ne s’y est connecté depuis longtemps."),
        (State.DEPUBLICATION_REQUESTED, "Son retrait de l’annuaire est demandé."),
        (State.DEPUBLISHED, "Elle n’est plus à l’annuaire."),
        (State.DELETION_REQUESTED, "Sa suppression est demandée."),
    ],
)
def test_what_becomes_of_a_bal_is_told_as_it_is(people, org, read, state, words):
    Bal.objects.filter(pk=org.pk).update(state=state)
    held, lent = read(people.alice, "my-bals"), read(people.delphine, "my-bals")
    assert words in held
    assert "Vous pouvez encore la garder." in held
    assert words in lent
    assert "Une question ? Alice EXEMPLE en répond." in lent
    assert "disparaître" not in held


def test_one_reads_whether_each_bal_is_published(people, org, per, read):
    assert "absente de l’annuaire public" in read(people.alice, "my-bals")
    Bal.objects.filter(pk=org.pk).update(liste_rouge=True)
    assert "non publiée (liste rouge)" in read(people.alice, "my-bals")


def test_what_a_mail_says_can_be_read_is_there_to_read(people, org, read):
    actions.remove_cotitulaire(org, people.bruno, by=people.alice.user)
    assert "Vous n’êtes plus cotitulaire de la BAL accueil@chu-exemple.mssante.fr." in read(people.bruno, "my-bals")
    assert "Vous n’êtes plus cotitulaire" not in read(people.alice, "my-bals")


# --- No link leads to nothing -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["alice", "bruno", "delphine", "gisele", "lea"])
def test_no_link_of_a_bal_leads_to_nothing(people, org, client, name):
    actions.delegate(org, people.paul, under=people.alice, reason="x", by=people.alice.user, ends_on=soon())
    ended = actions.delegate(org, people.delphine, under=people.bruno, reason="x", by=people.bruno.user)
    actions.extend_delegation(
        actions.delegate(org, people.eve, under=people.bruno, reason="x", by=people.bruno.user, ends_on=soon()),
        soon(9),
        by=people.bruno.user,
    )
    actions.end_delegation(ended, by=people.bruno.user)
    client.force_login(getattr(people, name).user)
    page = client.get(org.get_absolute_url()).content.decode()
    assert dead_links(client, page) == []


def test_of_ones_past_no_link_leads_to_nothing(people, org, client):
    actions.end_delegation(org.delegataires.get(), by=people.alice.user)
    client.force_login(people.delphine.user)
    for view in ("person", "person-journal"):
        page = client.get(reverse(view, args=[people.delphine.pk])).content.decode()
        assert org.address in page
        assert dead_links(client, page) == []


def test_who_may_open_a_bal_of_a_person_is_led_there(people, org, client):
    client.force_login(people.gisele.user)
    for view in ("person", "person-journal"):
        actions.end_delegation(org.delegataires.get(), by=people.alice.user) if view == "person" else None
        page = client.get(reverse(view, args=[people.delphine.pk])).content.decode()
        assert f'href="{org.get_absolute_url()}"' in page


# --- Done already -----------------------------------------------------------------------------------------------------
def test_what_was_done_already_offers_its_button_no_more(people, org, visit):
    lent = org.delegataires.get()
    actions.end_delegation(lent, by=people.alice.user)
    page = visit(people.alice, "delegation-end", lent.pk, post={}).content.decode()
    assert "déjà terminée" in page
    assert 'class="btn btn-danger"' not in page


# --- What becomes of a BAL that is lent -------------------------------------------------------------------------------
def told(person):
    return list(Notice.objects.filter(person=person).values_list("stage", "party"))


def test_who_was_lent_a_bal_hears_that_it_is_closed_once(people, org, read):
    Delegataire.objects.create(bal=org, person=people.delphine, under=people.bruno, reason="x")  # lent by two
    actions.move(org, Verb.OPERATOR_DELETED, by=people.gisele.user, note="Contrat fini.")
    assert told(people.delphine) == [(Verb.OPERATOR_DELETED, Party.DELEGATAIRE)]
    page = read(people.delphine, "my-bals")
    assert "Opérateur régional a supprimé la BAL accueil@chu-exemple.mssante.fr" in page
    assert "Son opérateur l’a supprimée. Ce qui lui est adressé est perdu." in page


def test_the_deletion_that_was_asked_for_is_told_when_it_is_done(people, org):
    Bal.objects.filter(pk=org.pk).update(state=State.DELETION_REQUESTED)
    actions.move(org, Verb.CONFIRM_DELETION, by=people.gisele.user)
    assert told(people.delphine) == [(Verb.CONFIRM_DELETION, Party.DELEGATAIRE)]
    assert told(people.lea) == []


def test_who_holds_a_bal_and_was_lent_it_is_told_once(people, org):
    Delegataire.objects.create(bal=org, person=people.bruno, under=people.alice, reason="x")
    actions.move(org, Verb.OPERATOR_DELETED, by=people.gisele.user, note="Contrat fini.")
    assert told(people.bruno) == [(Verb.OPERATOR_DELETED, Party.HOLDERS)]


def test_of_what_the_operator_deleted_no_access_is_lent_longer(people, org, lent, read):
    Bal.objects.filter(pk=org.pk).update(state=State.DELETION_CONFIRMED)
    lent.bal.refresh_from_db()
    assert "Demander à prolonger" not in read(people.delphine, "my-bals")
    for act, facts in ((actions.ask_extension, {}), (actions.extend_delegation, {"ends_on": soon(9)})):
        by = people.alice.user if facts else people.delphine.user
        with pytest.raises(Refused, match="plus d’accès à prolonger"):
            act(lent, by=by, **facts)


def test_the_access_that_ends_first_is_read_first_with_its_last_day(people, org, lent, make_bal, read):
    longer = make_bal("ORG", people.alice, address="aaa@chu-exemple.mssante.fr")
    Delegataire.objects.create(bal=longer, person=people.delphine, under=people.alice, reason="x")
    Delegataire.objects.filter(pk=lent.pk).update(ends_on=timezone.localdate())
    page = read(people.delphine, "my-bals")
    assert f"jusqu’au {day_in_words(timezone.localdate())} compris" in page
    assert page.index(org.address) < page.index(longer.address)


# --- Leaving ----------------------------------------------------------------------------------------------------------
def test_who_leaves_reads_when_and_what_they_have_to_hand_over(people, org, read, visit):
    for name in ("alice", "bruno"):
        assert "Votre départ se prépare" not in read(getattr(people, name), "my-bals")
        stay = getattr(people, name).affiliations.get()
        actions.open_movement(stay, "departure", planned_on=soon(30), by=people.gisele.user)
    page = read(people.alice, "my-bals")
    assert f"Il est prévu le {day_in_words(soon(30))} (CHU)." in page
    assert f"désignez qui prend votre suite comme principal : {org.address}." in page
    assert reverse("person-roles", args=[people.alice.pk]) in visit(people.alice, "my-bals").content.decode()
    page = visit(people.bruno, "my-bals").content.decode()
    (file,) = Movement.objects.filter(stay__person=people.bruno)
    assert f'href="{file.get_absolute_url()}"' in page
    assert visit(people.bruno, "movement", file.pk).status_code == 200
    assert "Votre départ se prépare" in page
    assert "désignez qui prend votre suite" not in page  # another answers for it
    assert "Votre départ se prépare" not in read(people.delphine, "my-bals")


def test_what_is_handed_over_already_is_not_said_to_be_left_to_nobody(people, org, visit):
    said = {f"bal_{org.pk}": str(people.bruno)}
    again = "c’est peut-être déjà fait"
    first = visit(people.alice, "person-roles", people.alice.pk, post=said, follow=True).content.decode()
    assert "Fait pour 1 BAL." in first
    assert again not in first
    second = visit(people.alice, "person-roles", people.alice.pk, post=said, follow=True).content.decode()
    assert again in second
    assert "désigné personne" not in second
    assert "Aucune BAL partagée ne dépend de vous" in second
    assert "désigné personne" in visit(people.alice, "person-roles", people.alice.pk, post={}, follow=True).text


def test_who_may_refuse_new_contact_details_is_spoken_to(people, read):
    actions.ask_contact(people.paul, by=people.gisele.user, channel="email", email="autre@exemple.invalid")
    assert "Vous pouvez les refuser jusqu’à cette date." in read(people.paul, "my-bals")
    assert "La personne peut les refuser" in read(people.gisele, "person", people.paul.pk)


# --- One's own journal ------------------------------------------------------------------------------------------------
def test_whom_a_bal_is_lent_to_reads_what_they_were_told_and_not_how_others_are_reached(people, org, read):
    Person.objects.filter(pk=people.alice.pk).update(channel="hand")
    actions.end_delegation(org.delegataires.get(), by=people.gisele.user)
    to_her, to_another = "Avis à Delphine EXEMPLE", "Avis à Alice EXEMPLE : à remettre par le gestionnaire"
    letter = "Avis à Opérateur régional"
    own = read(people.delphine, "person-journal", people.delphine.pk)
    assert to_her in own
    assert to_another not in own
    assert letter not in own
    followed = read(people.gisele, "person-journal", people.delphine.pk)
    assert to_her in followed
    assert to_another in followed
    assert letter in followed


def test_who_holds_a_bal_reads_all_that_was_told_of_it(people, org, read):
    actions.transfer_principal(org, people.bruno, by=people.alice.user)
    page = read(people.bruno, "person-journal", people.bruno.pk)
    assert "Avis à Bruno EXEMPLE" in page
    assert "Avis à Opérateur régional" in page


# --- Both -------------------------------------------------------------------------------------------------------------
def test_what_one_is_lent_is_read_beside_what_one_holds(people, org, per, read):
    actions.delegate(org, people.paul, under=people.alice, reason="Renfort", by=people.alice.user)
    page = read(people.paul, "my-bals")
    assert page.index(per.address) < page.index("BAL que l’on vous a déléguées") < page.index("Ma BAL privilégiée")


# --- Where a mail leads -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("act", [actions.record_access, actions.request_access])
def test_whose_word_is_cited_is_led_to_where_they_deny_it(people, org, client, act):
    word = {"under": people.alice, "told_on": soon(0), "told_how": "au téléphone"}
    act(org, people.lea, reason="Renfort", by=people.gisele.user, **word)
    led = {notice.person: path_of(notice) for notice in Notice.objects.filter(person__isnull=False)}
    assert led == {people.alice: org.get_absolute_url(), people.lea: reverse("my-bals")}
    client.force_login(people.alice.user)
    assert reverse("bal-access-object", args=[org.pk, people.lea.pk]) in client.get(led[people.alice]).text
