"""The guided way out: where correspondents are led, what is attested, and how it is undone at each step."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Entry
from mailboxes import actions
from mailboxes.lifecycle import ATTESTATION, RequestKind, RequestStage, State, Verb
from mailboxes.models import Bal
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.in_bulk import do_in_bulk

NEW = "paul.nouveau@chu-exemple.mssante.fr"


@pytest.fixture
def new(make_bal, people):
    return make_bal("PER", people.paul, address=NEW)


def list_in_annuaire(address, rpps):
    now = timezone.now()
    facts = {"source": "extraction", "first_seen_at": now, "changed_at": now}
    Entry.objects.create(kind="PER", address=address, person_id=rpps, **facts)


def test_the_active_bal_and_the_reply_are_kept_and_asked_of_the_operator(per, new, people, operator):
    operator.can_auto_reply = True
    operator.save()
    actions.request_depublication(
        per, by=people.paul.user, replaced_by=NEW.upper(), auto_reply="Écrivez à la nouvelle.", note="Départ."
    )
    per.refresh_from_db()
    assert (per.state, per.replaced_by, per.auto_reply) == (
        State.DEPUBLICATION_REQUESTED, NEW, "Écrivez à la nouvelle.",
    )  # fmt: skip
    letter = per.requests.get().letter.text
    assert NEW in letter
    assert "Écrivez à la nouvelle." in letter
    assert NEW in per.journal.get().note


@pytest.mark.parametrize("verb", [Verb.OPPOSE, Verb.CANCEL_DEPUBLICATION])
def test_a_bal_that_stays_leads_nowhere_else(per, new, people, verb):
    actions.request_depublication(per, by=people.paul.user, replaced_by=NEW, auto_reply="x")
    actions.move(per, verb, by=people.paul.user)
    per.refresh_from_db()
    assert (per.state, per.replaced_by, per.auto_reply) == (State.ACTIVE, "", "")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("paul.exemple@chu-exemple.mssante.fr", "elle-même"),
        ("inconnue@chu-exemple.mssante.fr", "n’est ni une BAL active"),
        ("paul@exemple.invalid", "n’est ni une BAL active"),
    ],
)
def test_correspondents_are_not_led_to_a_void(per, people, address, sentence):
    with pytest.raises(Refused, match=sentence):
        actions.request_depublication(per, by=people.paul.user, replaced_by=address)
    per.refresh_from_db()
    assert (per.state, per.replaced_by) == (State.ACTIVE, "")


def test_a_bal_on_its_way_out_replaces_none(per, new, people):
    Bal.objects.filter(pk=new.pk).update(state=State.DEPUBLISHED)
    with pytest.raises(Refused):
        actions.request_depublication(per, by=people.paul.user, replaced_by=NEW)


def test_an_address_of_the_annuaire_at_another_operator_s_may_replace_it(per, people):
    list_in_annuaire("paul@liberal.mssante.fr", people.paul.rpps)
    actions.request_depublication(per, by=people.paul.user, replaced_by="paul@liberal.mssante.fr")
    per.refresh_from_db()
    assert per.replaced_by == "paul@liberal.mssante.fr"


def test_a_stranger_and_a_cotitulaire_do_not_depublish(org, people):
    for name in ("bruno", "eve", "delphine", "lea"):
        with pytest.raises(NotAllowed):
            actions.request_depublication(org, by=getattr(people, name).user)


# --- Pages ------------------------------------------------------------------------------------------------------------
def depublish(visit, person, bal, **post):
    return visit(person, "bal-verb", bal.pk, "request_depublication", post=post or None)


def test_the_holder_s_other_bal_are_offered_from_here_and_from_the_annuaire(visit, per, new, people):
    list_in_annuaire("paul@liberal.mssante.fr", people.paul.rpps)
    form = depublish(visit, people.paul, per).context["form"]
    assert [value for value, _ in form.fields["choice"].choices] == [NEW, "paul@liberal.mssante.fr", "other", ""]


def test_two_steps_without_javascript(visit, per, new, people, operator):
    operator.can_auto_reply = True
    operator.save()
    page = depublish(visit, people.paul, per, choice=NEW, note="Départ.")
    per.refresh_from_db()
    assert per.state == State.ACTIVE
    assert NEW in page.context["form"]["auto_reply"].value()
    assert NEW in page.context["letter"].text
    assert "Départ." in page.context["letter"].text
    text = "Un autre texte."
    page = depublish(visit, people.paul, per, choice=NEW, note="Départ.", auto_reply=text)
    assert text in page.context["letter"].text
    answer = depublish(visit, people.paul, per, choice=NEW, note="Départ.", auto_reply=text, confirmed="1")
    assert answer.status_code == 302
    per.refresh_from_db()
    assert (per.state, per.replaced_by, per.auto_reply) == (State.DEPUBLICATION_REQUESTED, NEW, text)


def test_an_operator_without_automatic_reply_is_asked_none_and_the_page_says_how(visit, per, new, people):
    page = depublish(visit, people.paul, per, choice=NEW, note="")
    assert "auto_reply" not in page.context["form"].fields
    assert "n’installe pas de réponse automatique" in page.content.decode()
    assert f"Merci d’écrire désormais à {NEW}." in page.content.decode()
    depublish(visit, people.paul, per, choice=NEW, note="", auto_reply="glissé", confirmed="1")
    per.refresh_from_db()
    assert (per.replaced_by, per.auto_reply) == (NEW, "")


def test_of_a_box_whose_holder_has_left_the_gestionnaire_is_not_told_to_install_a_reply(visit, per, new, people):
    people.paul.affiliations.update(left_on=timezone.localdate() - timedelta(days=3))
    text = depublish(visit, people.gisele, per, choice=NEW, note="").content.decode()
    assert "Installez-la vous-même" not in text
    assert "s’il n’est plus là, faites prévenir ses correspondants habituels" in text
    assert "Installez-la vous-même" in depublish(visit, people.paul, per, choice=NEW, note="").content.decode()


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}])
def test_a_void_is_said_at_either_step(visit, per, people, confirmed):
    page = depublish(visit, people.paul, per, choice="other", other="nulle@part.mssante.fr", note="", **confirmed)
    assert "n’est ni une BAL active" in page.content.decode()
    per.refresh_from_db()
    assert per.state == State.ACTIVE


def test_the_choice_of_another_wants_its_address(visit, per, people):
    page = depublish(visit, people.paul, per, choice="other", other="", note="")
    assert page.context["form"].errors["other"]
    assert "letter" not in page.context


def test_one_goes_back_to_the_first_step_with_what_was_chosen(visit, per, new, people):
    page = depublish(visit, people.paul, per, choice=NEW, note="Départ.", back="1")
    assert "letter" not in page.context
    assert page.context["form"]["note"].value() == "Départ."


def test_who_may_not_depublish_reads_why(visit, org, people):
    assert "réservé à" in depublish(visit, people.bruno, org).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_404(client, org, people, method):
    client.force_login(people.eve.user)
    url = reverse("bal-depublish", args=[org.pk])
    assert url == reverse("bal-verb", args=[org.pk, "request_depublication"])
    assert getattr(client, method)(url).status_code == 404


def test_the_gestionnaire_depublishes_many_from_the_register(client, per, org, people):
    client.force_login(people.gisele.user)
    do_in_bulk(client, "bal-bulk", {"bals": [per.pk, org.pk], "act": "request_depublication"}, note="Double.")
    for bal in (per, org):
        request = bal.requests.get()
        assert (request.kind, request.stage, request.reason) == (
            RequestKind.DEPUBLISH, RequestStage.DRAFT, "Double.",
        )  # fmt: skip


# --- Deletion ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("days", "is_warned"), [(0, True), (28.5, True), (30, False)])
def test_a_deletion_too_soon_after_the_depublication_is_warned_of(visit, per, people, days, is_warned):
    Bal.objects.update(state=State.DEPUBLISHED, state_since=timezone.now() - timedelta(days=days))
    page = visit(people.paul, "bal-verb", per.pk, "request_deletion").content.decode()
    assert ("mieux vaut attendre" in page) == is_warned
    assert "Merci de supprimer" in page
    assert "sont perdus" in page


def test_what_is_attested_is_kept_in_the_journal_and_not_in_the_operator_s_reason(per, people):
    Bal.objects.update(state=State.DEPUBLISHED)
    actions.move(per, Verb.REQUEST_DELETION, by=people.paul.user, attested=True, note="Plus d’usage.")
    entry = per.journal.get()
    assert entry.by == people.paul.user
    assert ATTESTATION in entry.note
    assert per.requests.get().reason == "Plus d’usage."


def test_the_deletion_is_undone_until_it_is_confirmed(per, people):
    Bal.objects.update(state=State.DEPUBLISHED)
    actions.move(per, Verb.REQUEST_DELETION, by=people.paul.user, attested=True)
    actions.move(per, Verb.CANCEL_DELETION, by=people.paul.user)
    assert per.requests.get().stage == RequestStage.CANCELLED
    actions.move(per, Verb.REQUEST_DELETION, by=people.paul.user, attested=True)
    actions.move(per, Verb.CONFIRM_DELETION, by=people.gisele.user)
    assert per.requests.order_by("pk").last().stage == RequestStage.DONE
    for verb in (Verb.CANCEL_DELETION, Verb.OPPOSE):
        with pytest.raises(Refused):
            actions.move(per, verb, by=people.paul.user)
