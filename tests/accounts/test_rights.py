"""Comptes et droits: who may do what since when; who gives it, by invitation or directly; nobody raises their own."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from balmanager.accounts import actions, grants
from balmanager.accounts.models import AccountEntry, Invitation, User
from balmanager.accounts.reads import accounts_seen_by, unused
from mailboxes.actions import ask_contact
from mailboxes.models import Affiliation, Membership, Person, Structure
from mailboxes.rules import NotAllowed, Refused
from tests.accounts.conftest import is_in, link_in, log_in, with_password

pytestmark = pytest.mark.sqlite_run

What = AccountEntry.What
NEW = "nadia@exemple.invalid"
FACTS = {
    "first_name": "Nadia",
    "last_name": "Exemple",
    "password": "girafe-tranquille-7",
    "again": "girafe-tranquille-7",
}


@pytest.fixture
def ehpad(structure):
    return Structure.objects.create(name="EHPAD", parent=structure.parent)


@pytest.fixture
def token(gisele, structure):
    def invite(address=NEW, role="reader", where=structure, by=gisele):
        grants.invite(address, role, where, by=by)
        return link_in(mail.outbox[-1]).rstrip("/").rpartition("/")[2]

    return invite


def roles_of(account) -> set:
    return set(account.memberships.values_list("structure__name", "role"))


# --- Who gives what -----------------------------------------------------------------------------------------------
def test_a_gestionnaire_gives_roles_in_the_structure_and_below_it_only(people, structure, ehpad, other_structure):
    ward = Structure.objects.create(name="Site", parent=structure)
    gisele, lea = people.gisele.user, people.lea.user
    grants.give(lea, "gestionnaire", ward, by=gisele)
    assert ("Site", "gestionnaire") in roles_of(lea)
    for elsewhere in (structure.parent, ehpad, other_structure):
        with pytest.raises(NotAllowed):
            grants.give(lea, "reader", elsewhere, by=User.objects.get(pk=gisele.pk))


@pytest.mark.parametrize("name", ["lea", "alice"])
def test_neither_a_lecteur_nor_a_professional_gives_any(people, structure, name):
    with pytest.raises(NotAllowed):
        grants.give(people.bruno.user, "reader", structure, by=getattr(people, name).user)


def test_administrators_are_made_by_administrators_alone(people, root):
    with pytest.raises(NotAllowed):
        grants.give(people.lea.user, "administrator", None, by=people.gisele.user)
    grants.give(people.lea.user, "administrator", None, by=root)
    assert User.objects.get(username="lea").is_superuser
    grants.unmake_administrator(people.lea.user, by=root)
    assert not User.objects.get(username="lea").is_superuser


@pytest.mark.parametrize("role", ["reader", "gestionnaire", "administrator"])
def test_nobody_gives_themselves_anything(people, structure, root, role):
    where = None if role == "administrator" else Structure.objects.create(name="Site", parent=structure)
    for account in (people.gisele.user, people.lea.user, root):
        with pytest.raises(NotAllowed):
            grants.give(account, role, where, by=account)


def test_nor_by_inviting_themselves(people, gisele, structure, token, client):
    site = Structure.objects.create(name="Site", parent=structure)
    client.force_login(gisele)
    answer = client.post(f"/compte/invitation/{token(gisele.email, 'gestionnaire', site)}/")
    assert "ses propres droits" in answer.content.decode()
    assert roles_of(gisele) == {("CHU", "gestionnaire")}


def test_nor_by_a_person_of_theirs(people, structure):
    free = people.paul
    free.user = None
    free.save()
    account = User.objects.create(username="seule")
    Membership.objects.create(user=account, structure=structure, role="gestionnaire")
    with pytest.raises(NotAllowed):
        actions.tie(account, free, by=account)


def test_one_gives_up_a_role_of_one_s_own(people):
    mine = people.lea.user.memberships.get()
    grants.withdraw(mine, by=people.lea.user)
    assert roles_of(people.lea.user) == set()


def test_a_role_from_above_is_not_withdrawn_from_below(people, structure):
    above = Membership.objects.create(user=people.bruno.user, structure=structure.parent, role="gestionnaire")
    with pytest.raises(NotAllowed):
        grants.withdraw(above, by=people.gisele.user)


def test_roles_given_changed_and_withdrawn_are_noted(people, structure):
    bruno, gisele = people.bruno.user, people.gisele.user
    grants.give(bruno, "reader", structure, by=gisele)
    grants.give(bruno, "gestionnaire", structure, by=gisele)
    grants.withdraw(bruno.memberships.get(), by=gisele)
    lines = AccountEntry.objects.filter(account=bruno, by=gisele, structure=structure).order_by("pk")
    assert [(line.what, line.before, line.after) for line in lines] == [
        (What.GRANTED, "", "lecteur, CHU"),
        (What.GRANTED, "lecteur", "gestionnaire, CHU"),
        (What.WITHDRAWN, "gestionnaire, CHU", ""),
    ]


# --- Invitations --------------------------------------------------------------------------------------------------
def test_who_is_invited_opens_an_account_with_that_role(token, browser_of):
    client, key = browser_of(), token()
    client.post(f"/compte/invitation/{key}/", FACTS)
    log_in(client, NEW, FACTS["password"])
    assert is_in(client)
    account = User.objects.get(email=NEW)
    assert roles_of(account) == {("CHU", "reader")}
    assert account.memberships.get().since is not None


def test_a_weak_password_opens_nothing(token, browser_of):
    weak = FACTS | {"password": "hopital2026!", "again": "hopital2026!"}
    answer = browser_of().post(f"/compte/invitation/{token()}/", weak)
    assert "que l’on essaie en premier" in answer.content.decode()
    assert not User.objects.filter(email=NEW).exists()


def test_an_invitation_serves_once(token, browser_of):
    key = token()
    browser_of().post(f"/compte/invitation/{key}/", FACTS)
    answer = browser_of().get(f"/compte/invitation/{key}/")
    assert answer.status_code == 410
    assert "elle a déjà servi" in answer.content.decode()


def test_an_invitation_expires_after_seven_days(gisele, structure, browser_of, time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    grants.invite(NEW, "reader", structure, by=gisele)
    path = link_in(mail.outbox[-1]).removeprefix("http://localhost:8000")
    time_machine.shift(7 * 24 * 3600 - 1)
    assert browser_of().get(path).status_code == 200
    time_machine.shift(1)
    assert "a expiré" in browser_of().post(path, FACTS).content.decode()
    assert not User.objects.filter(email=NEW).exists()


def test_a_withdrawn_invitation_opens_nothing(token, client, gisele, browser_of):
    key = token()
    client.force_login(gisele)
    client.post(f"/compte/droits/invitations/{Invitation.objects.get().pk}/retirer/")
    assert browser_of().post(f"/compte/invitation/{key}/", FACTS).status_code == 410


def test_an_invitation_is_worth_what_its_sender_still_is(token, gisele, browser_of):
    key = token()
    gisele.memberships.all().delete()
    assert "ne peut plus donner ce rôle" in browser_of().post(f"/compte/invitation/{key}/", FACTS).content.decode()


def test_a_made_up_link_opens_nothing(browser_of, db):
    assert browser_of().get("/compte/invitation/abc/").status_code == 410


def test_who_has_an_account_logs_in_and_accepts(people, token, browser_of):
    with_password(people.alice.user)
    client, key = browser_of(), token(people.alice.user.email)
    assert client.post(f"/compte/invitation/{key}/", FACTS).url.startswith("/compte/login/?next=/compte/invitation/")
    log_in(client, "alice")
    client.post(f"/compte/invitation/{key}/")
    assert roles_of(people.alice.user) == {("CHU", "reader")}


def test_another_account_does_not_accept_in_their_stead(people, token, client):
    client.force_login(people.bruno.user)
    answer = client.post(f"/compte/invitation/{token(people.alice.user.email)}/")
    assert "à une autre adresse" in answer.content.decode()
    assert roles_of(people.bruno.user) == set()


def test_the_database_keeps_no_token(token):
    key = token()
    assert key not in str(vars(Invitation.objects.get()))
    assert not any(key in str(vars(entry)) for entry in AccountEntry.objects.all())


def test_an_invitation_whose_mail_did_not_leave_is_none(gisele, structure, monkeypatch):
    def fail(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    with pytest.raises(Refused, match="n’a pas pu partir"):
        grants.invite(NEW, "reader", structure, by=gisele)
    assert not Invitation.objects.exists()


# --- The pages ----------------------------------------------------------------------------------------------------
def test_who_sees_whom(people, root, ehpad):
    above = User.objects.create(username="dessus")
    Membership.objects.create(user=above, structure=ehpad.parent, role="reader")

    def seen(user) -> set:
        return set(accounts_seen_by(user).values_list("username", flat=True))

    assert seen(people.lea.user) == {"gisele", "lea", "dessus"}
    assert seen(people.gisele.user) == {"gisele", "lea", "dessus", "alice", "bruno", "paul", "delphine"}
    assert seen(people.eve.user) == {"eve"}
    assert seen(root) >= {"root", "eve", "gisele"}


def test_the_page_is_for_who_follows_a_structure(client, people):
    for name, status in (("gisele", 200), ("lea", 200), ("alice", 404)):
        client.force_login(getattr(people, name).user)
        assert client.get("/compte/droits/").status_code == status


def test_another_s_account_elsewhere_is_not_found(client, people):
    client.force_login(people.gisele.user)
    eve = people.eve.user.pk
    for path in ("", "donner/", "rattacher/", "desactiver/", f"retirer/{people.eve.user.memberships.get().pk}/"):
        assert client.get(f"/compte/droits/{eve}/{path}").status_code == 404


@pytest.mark.parametrize("act", ["desactiver", "reactiver", "second-facteur", "detacher", "administrateur"])
def test_a_gestionnaire_administers_nobody(client, people, act):
    client.force_login(people.gisele.user)
    before = str(vars(User.objects.get(username="lea")))
    answer = client.post(f"/compte/droits/{people.lea.user.pk}/{act}/")
    assert "réservé à un administrateur" in answer.content.decode()
    assert str(vars(User.objects.get(username="lea"))).split("_state")[0] == before.split("_state")[0]


def test_an_administrator_resets_a_lost_second_factor(client, root, gisele, browser_of):
    Authenticator.objects.create(user=gisele, type="totp", data={})
    theirs = browser_of()
    theirs.force_login(gisele)
    client.force_login(root)
    client.post(f"/compte/droits/{gisele.pk}/second-facteur/")
    assert not Authenticator.objects.exists()
    assert AccountEntry.objects.get(what=What.FACTOR_RESET).by == root
    assert mail.outbox[-1].to == [gisele.email]


def test_not_their_own(client, root):
    Authenticator.objects.create(user=root, type="totp", data={})
    client.force_login(root)
    client.post(f"/compte/droits/{root.pk}/second-facteur/")
    assert Authenticator.objects.exists()


def test_a_closed_account_is_out_at_once(root, gisele, browser_of):
    theirs = browser_of()
    log_in(theirs, "gisele")
    grants.close_account(gisele, by=root)
    assert theirs.get("/compte/").status_code == 302
    grants.reopen_account(gisele, by=root)
    log_in(theirs, "gisele")
    assert is_in(theirs)


@pytest.fixture
def free(people):
    """Paul, whose account nobody has tied yet."""
    User.objects.filter(pk=people.paul.user_id).update(email="ancien@exemple.invalid")
    Person.objects.filter(pk=people.paul.pk).update(user=None)
    people.paul.refresh_from_db()
    return people.paul


def test_a_gestionnaire_ties_a_waiting_account_at_the_address_of_a_person_of_the_structure(people, free):
    waiting = User.objects.create(username="sso-1", email=free.email.upper())
    actions.tie(waiting, free, by=people.gisele.user)
    free.refresh_from_db()
    assert free.user == waiting
    with pytest.raises(Refused):
        actions.tie(User.objects.create(username="sso-2"), free, by=people.gisele.user)


def test_not_one_at_an_address_that_is_not_or_not_yet_the_person_s(people, free, client):
    """It would act as the person, where they hold BAL elsewhere too."""
    other = User.objects.create(username="sso-1", email="autre@exemple.invalid")
    with pytest.raises(Refused, match="n’est pas, ou pas encore, celle de Paul"):
        actions.tie(other, free, by=people.gisele.user)
    with pytest.raises(Refused):
        actions.tie(User.objects.create(username="sso-2"), free, by=people.gisele.user)
    ask_contact(free, channel="email", email=other.email, by=people.gisele.user)
    free.refresh_from_db()
    with pytest.raises(Refused, match="après 7 jours"):
        actions.tie(other, free, by=people.gisele.user)
    Person.objects.filter(pk=free.pk).update(email="", mssante_address="")
    free.refresh_from_db()
    with pytest.raises(Refused):
        actions.tie(User.objects.create(username="sso-3"), free, by=people.gisele.user)
    free.refresh_from_db()
    assert free.user is None


def test_the_administrator_vouches_for_another_address_and_the_person_hears_of_it(
    people, free, root, django_capture_on_commit_callbacks
):
    other = User.objects.create(username="sso-1", email="autre@exemple.invalid")
    with django_capture_on_commit_callbacks(execute=True):
        actions.tie(other, free, by=root)
    assert [message.to for message in mail.outbox] == [[free.email]]


def test_so_does_the_rpps_that_a_provider_gives(people, free):
    waiting = User.objects.create(username="sso-1", email="autre@exemple.invalid")
    SocialAccount.objects.create(user=waiting, provider="psc", uid="x", extra_data={"rpps": free.rpps})
    actions.tie(waiting, free, by=people.gisele.user)
    free.refresh_from_db()
    assert free.user == waiting


def test_not_to_a_person_who_left(people):
    people.paul.user = None
    people.paul.save()
    Affiliation.objects.filter(person=people.paul).update(left_on=timezone.localdate())
    with pytest.raises(NotAllowed):
        actions.tie(User.objects.create(username="sso-1"), people.paul, by=people.gisele.user)


def test_accounts_unused_for_a_year_are_told_apart(people, time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    now = timezone.now()
    year = timedelta(days=365)
    for name, last, joined in (
        ("alice", now - year, now - 2 * year), ("bruno", now - year - timedelta(seconds=1), now - 2 * year),
        ("paul", None, now - year), ("delphine", None, now - year - timedelta(seconds=1)),
    ):  # fmt: skip
        User.objects.filter(username=name).update(last_login=last, date_joined=joined)
    assert set(unused(User.objects.all()).values_list("username", flat=True)) == {"bruno", "delphine"}


def test_the_page_costs_the_same_whatever_its_length(client, people, structure, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    for number in range(30):
        account = User.objects.create(username=f"compte-{number}", email=f"compte-{number}@exemple.invalid")
        Membership.objects.create(user=account, structure=structure, role="reader")
    with django_assert_max_num_queries(25):
        page = client.get("/compte/droits/").content.decode()
    assert "compte-29" in page
    assert "depuis le" in page


def test_the_admin_changes_no_right(client, root, people):
    client.force_login(root)
    row = people.lea.user.memberships.get()
    assert client.post(f"/admin/mailboxes/membership/{row.pk}/change/", {"role": "gestionnaire"}).status_code == 403
    assert client.post(f"/admin/accounts/user/{people.lea.user.pk}/change/", {"is_superuser": "on"}).status_code == 403
    assert client.get("/admin/account/emailaddress/").status_code == 404


# --- The first gestionnaire -------------------------------------------------------------------------------------------
def test_an_administrator_takes_charge_of_a_structure_that_nobody_manages_and_it_is_noted(client, root, db):
    alone = Structure.objects.create(name="EHPAD")
    client.force_login(root)
    assert "En devenir gestionnaire" in client.get(f"/structures/{alone.pk}/").text
    client.post(f"/compte/droits/structures/{alone.pk}/")
    assert roles_of(root) == {("EHPAD", "gestionnaire")}
    entry = AccountEntry.objects.get(what=What.GRANTED)
    assert (entry.account, entry.by, entry.note) == (root, root, "premier gestionnaire")


@pytest.mark.parametrize("is_below", [True, False])
def test_nobody_takes_charge_where_somebody_manages_from_there_or_from_above(root, people, structure, is_below):
    where = Structure.objects.create(name="Site", parent=structure) if is_below else structure
    with pytest.raises(Refused, match="a déjà un gestionnaire"):
        grants.take_charge(where, by=root)
    assert not roles_of(root)


def test_a_gestionnaire_takes_charge_of_nothing(people, db):
    with pytest.raises(NotAllowed):
        grants.take_charge(Structure.objects.create(name="EHPAD"), by=people.gisele.user)


def test_the_first_account_is_opened_once_and_its_password_said(capsys, db):
    call_command("make_first_account")
    said = capsys.readouterr().out
    account = User.objects.get()
    assert account.is_superuser
    assert account.check_password(re.search(r"Mot de passe\s+(\S+)", said)[1])
    call_command("make_first_account")
    assert User.objects.count() == 1
    assert capsys.readouterr().out == ""


# --- Its pages ------------------------------------------------------------------------------------------------------
def test_a_box_that_nobody_ticked_is_no_filter(client, gisele):
    client.force_login(gisele)
    assert client.get("/compte/droits/").context["listing"].chips == []
    (chip,) = client.get("/compte/droits/?unused=on").context["listing"].chips
    assert (chip.label, chip.value) == ("Sans connexion depuis un an", "oui")


@pytest.mark.parametrize("act", ["donner", "rattacher"])
def test_whom_an_act_is_about_is_said_and_is_no_warning(client, gisele, people, act):
    client.force_login(gisele)
    page = client.get(f"/compte/droits/{people.lea.user.pk}/{act}/")
    assert page.context["about"] == str(people.lea.user)
    assert str(people.lea.user) not in page.context["warning"]
    assert f'<a href="/compte/droits/{people.lea.user.pk}/">' in page.text


def test_a_second_window_sends_no_second_invitation(gisele, structure, root):
    first = grants.invite(NEW, "reader", structure, by=gisele)
    with pytest.raises(Refused) as refused:
        grants.invite(NEW.upper(), "reader", structure, by=gisele)
    assert refused.value.code == "twice"
    assert f"{timezone.localtime(first.expires_at):%d/%m/%Y}" in refused.value.messages[0]
    assert len(mail.outbox) == 1
    grants.invite(NEW, "gestionnaire", structure, by=gisele)
    grants.invite(NEW, "administrator", None, by=root)
    with pytest.raises(Refused):
        grants.invite(NEW, "administrator", None, by=root)
    grants.withdraw_invitation(first, by=gisele)
    grants.invite(NEW, "reader", structure, by=gisele)


def test_who_withdraws_a_role_reads_what_it_leaves(client, people, structure):
    mine = people.gisele.user.memberships.get()
    client.force_login(people.gisele.user)
    url = reverse("rights-withdraw", args=[people.gisele.user.pk, mine.pk])
    assert "Plus personne ne gérera" in client.get(url).text
    grants.give(people.bruno.user, "gestionnaire", structure, by=people.gisele.user)
    page = client.get(url).text
    assert "Plus personne ne gérera" not in page
    assert "C’est votre propre rôle" in page
    theirs = reverse("rights-withdraw", args=[people.bruno.user.pk, people.bruno.user.memberships.get().pk])
    assert "C’est votre propre rôle" not in client.get(theirs).text
