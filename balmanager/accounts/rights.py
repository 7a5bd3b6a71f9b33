"""*Comptes et droits*: who may do what, since when; giving and withdrawing it. And the page an invitation leads to."""

from allauth.account.internal.decorators import login_not_required
from django import forms
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from balmanager.accounts import actions, grants, rules
from balmanager.accounts.forms import InviteForm, OfferForm, OpenAccountForm, TieForm
from balmanager.accounts.models import Invitation, User
from balmanager.accounts.reads import accounts_seen_by, described, is_last_to_manage, unused, waiting_for
from directory.typography import quoted
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of
from mailboxes.models import Membership, Structure
from mailboxes.rules import Refused, allows
from mailboxes.views.acts import ActionView
from mailboxes.views.frame import sees_structures


class AccountFilterForm(forms.Form):
    q = forms.CharField(label="Nom ou adresse", required=False, max_length=100)
    unused = forms.BooleanField(label="Sans connexion depuis un an", required=False)

    def asked(self, accounts):
        self.is_valid()
        found = unused(accounts) if self.cleaned_data.get("unused") else accounts
        for word in (self.cleaned_data.get("q") or "").split():
            named = Q(username__icontains=word) | Q(email__icontains=word)
            found = found.filter(named | Q(first_name__holds=word) | Q(last_name__holds=word))
        return found


class AccountList(Listing):
    name, view, nouns = "accounts", "rights", ("compte", "comptes")
    row = "account/_row.html"
    place_path = ""
    columns = (
        Column("name", "Compte", ("last_name", "first_name", "username")),
        Column("email", "Courriel", ("email",)),
        Column("may", "Peut"),
        Column("factor", "Second facteur"),
        Column("seen", "Dernière connexion", ("last_login",)),
    )


def rights(request):
    if not sees_structures(request.user):
        raise Http404
    seen = accounts_seen_by(request.user)
    form = AccountFilterForm(request.GET)
    found = described(form.asked(seen), request.user)
    listing = AccountList(request, found, form=form, loaded=found)
    invitations = Invitation.objects.pending().visible_to(request.user)
    return render(
        request,
        "account/rights.html",
        {
            "listing": listing,
            "page": listing.page,
            "unused_count": unused(seen).count(),
            "waiting": waiting_for(request.user),
            "invitations": invitations.select_related("structure", "invited_by"),
            "may_invite": may_offer(request.user),
        },
    )


def may_offer(user) -> bool:
    return user.is_superuser or Structure.objects.managed_by(user).exists()


def rights_of(request, pk):
    """One account: its roles, what may be done about them, and its log for who administers the platform."""
    account = _find(request.user, pk)
    withdrawable = {role.pk for role in account.roles if allows(rules.check_withdraw, role, by=request.user)}
    facts = {
        "account": account,
        "withdrawable": withdrawable,
        "may_give": may_offer(request.user) and account.pk != request.user.pk,
        "may_administer": allows(rules.check_administer, account, by=request.user),
        "may_tie": may_offer(request.user) and not hasattr(account, "person") and account.pk != request.user.pk,
        "vouched": rules.rpps_vouched(account),
    }
    if request.user.is_superuser:
        facts["entries"] = account.account_entries.select_related("by")[:20]
    return render(request, "account/rights_of.html", facts)


def _find(user, pk) -> User:
    return get_object_or_404(described(accounts_seen_by(user), user), pk=pk)


class OffersWhatTheyMay(ActionView):
    """A view whose form offers what the one who asks may offer."""

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}


class RightsView(ActionView):
    def back(self):
        return reverse("rights")


class InviteView(OffersWhatTheyMay, RightsView):
    form_class = InviteForm
    label = "Inviter"
    done = "L’invitation est envoyée."

    def get_initial(self):
        """The structure from whose page one comes, or for which one acts."""
        place = place_of(self.request)
        return {"structure": self.request.GET.get("structure") or (place and place.pk)}

    def check(self, *, by):
        if not may_offer(by):
            rules.check_offer("", None, by=by)

    def perform(self, form, *, by):
        grants.invite(**form.cleaned_data, by=by)


class InvitationView(RightsView):
    label = "Retirer l’invitation"
    is_dangerous = True
    done = "L’invitation est retirée : son lien n’ouvre plus rien."
    warning = "Son lien n’ouvrira plus rien."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        pending = Invitation.objects.pending().visible_to(request.user)
        self.invitation = get_object_or_404(pending.select_related("structure"), pk=kwargs["pk"])
        self.about = str(self.invitation)

    def perform(self, form, *, by):
        grants.withdraw_invitation(self.invitation, by=by)


class TakeChargeView(RightsView):
    label = "Devenir gestionnaire"
    done = "Vous gérez désormais cette structure et celles qui en dépendent."
    warning = "Personne ne la gère encore. Ce rôle sera noté au journal des comptes."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        seen = Structure.objects.visible_to(request.user).select_related("parent")
        self.structure = get_object_or_404(seen, pk=kwargs["structure"])
        self.about = str(self.structure)

    def check(self, *, by):
        rules.check_take_charge(self.structure, by=by)

    def perform(self, form, *, by):
        grants.take_charge(self.structure, by=by)

    def back(self):
        return reverse("structure", args=[self.structure.pk])


class AccountActView(ActionView):
    """About one account that one sees."""

    account: User

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.account = _find(request.user, kwargs["pk"])
        self.about = str(self.account)

    def back(self):
        return reverse("rights-of", args=[self.account.pk])

    def get_context_data(self, **kwargs):
        return super().get_context_data(account=self.account, **kwargs)


class GiveView(OffersWhatTheyMay, AccountActView):
    form_class = OfferForm
    label = "Donner un rôle"
    done = "Le rôle est donné."

    def check(self, *, by):
        rules.check_other(self.account, by=by)

    def perform(self, form, *, by):
        grants.give(self.account, **form.cleaned_data, by=by)


class WithdrawView(AccountActView):
    label = "Retirer le rôle"
    is_dangerous = True
    done = "Le rôle est retiré."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        seen = [role.pk for role in self.account.roles]
        self.membership = get_object_or_404(Membership, pk=kwargs["role"], pk__in=seen)
        self.about = f"{self.account} : {self.membership.get_role_display()}, {self.membership.structure}"
        if is_last_to_manage(self.membership):
            self.warning = (
                f"Plus personne ne gérera {quoted(self.membership.structure)} : seul un administrateur de la "
                "plateforme pourra y redonner ce rôle."
            )
        elif self.account == request.user:
            self.warning = "C’est votre propre rôle : quelqu’un d’autre seulement pourra vous le redonner."

    def check(self, *, by):
        rules.check_withdraw(self.membership, by=by)

    def perform(self, form, *, by):
        grants.withdraw(self.membership, by=by)

    def back(self):
        return reverse("rights")


class TieView(OffersWhatTheyMay, AccountActView):
    form_class = TieForm
    label = "Rattacher à une personne"
    done = "Le compte est rattaché : il voit désormais les BAL de cette personne."
    warning = "Vérifiez qu’il s’agit bien de la même personne, car ce compte agira en son nom."

    def check(self, *, by):
        rules.check_other(self.account, by=by)

    def perform(self, form, *, by):
        actions.tie(self.account, form.cleaned_data["person"], by=by)


class AdministerView(AccountActView):
    """What an administrator alone does to another's account."""

    ACTS = {
        "desactiver": (
            grants.close_account,
            "Désactiver le compte",
            "Il ne s’ouvrira plus, et ses sessions se ferment.",
        ),
        "reactiver": (grants.reopen_account, "Réactiver le compte", "Il s’ouvrira de nouveau, avec ses rôles."),
        "second-facteur": (
            grants.reset_factor,
            "Réinitialiser le second facteur",
            "Assurez-vous de qui le demande. La prochaine connexion demandera d’en choisir un nouveau.",
        ),
        "detacher": (grants.untie, "Détacher de la personne", "Ce compte ne verra plus les BAL de cette personne."),
        "administrateur": (
            grants.unmake_administrator,
            "Retirer le rôle d’administrateur",
            "Il ne verra plus que ce que ses autres rôles lui montrent.",
        ),
    }
    is_dangerous = True

    def setup(self, request, *args, **kwargs):
        if kwargs["act"] not in self.ACTS:
            raise Http404
        self.act, self.label, self.warning = self.ACTS[kwargs["act"]]
        super().setup(request, *args, **kwargs)

    def check(self, *, by):
        rules.check_administer(self.account, by=by)

    def perform(self, form, *, by):
        self.act(self.account, by=by)


@method_decorator(login_not_required, name="dispatch")
@method_decorator(sensitive_post_parameters("password", "again"), name="dispatch")
class AcceptView(ActionView):
    """Who has an account logs in and accepts; who has none opens it here."""

    template_name = "account/invitation.html"
    label = "Invitation"
    invitation: Invitation
    refusal = ""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        try:
            self.invitation = grants.find_invitation(kwargs["token"])
        except Refused as refused:
            self.refusal = refused.messages[0]

    @property
    def opens(self) -> bool:
        """Nobody has this address yet, and nobody is logged in."""
        anonymous = not self.request.user.is_authenticated
        return anonymous and not User.objects.filter(email__iexact=self.invitation.address).exists()

    def dispatch(self, request, *args, **kwargs):
        if self.refusal:
            return render(request, self.template_name, {"refusal": self.refusal}, status=410)
        if request.method == "POST" and not request.user.is_authenticated and not self.opens:
            return redirect(f"{reverse('account_login')}?next={request.path}")
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self):
        return OpenAccountForm if self.opens else super().get_form_class()

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        return kwargs | {"address": self.invitation.address} if self.opens else kwargs

    def perform(self, form, *, by):
        token = self.kwargs["token"]
        if not self.opens:
            grants.accept(token, account=by)
            return
        facts = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "password")}
        grants.open_account(token, **facts)
        self.done = "Votre compte est ouvert : connectez-vous."

    def back(self):
        return reverse("dashboard" if self.request.user.is_authenticated else "account_login")

    def get_context_data(self, **kwargs):
        return super().get_context_data(invitation=self.invitation, opens=self.opens, **kwargs)
