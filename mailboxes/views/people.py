"""The people of one's structures: the list, one person, what is kept on them; and finding one while one types."""

from datetime import timedelta

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from directory.sheets import XLSX
from mailboxes import actions
from mailboxes.forms import DescribePersonForm, PersonForm
from mailboxes.forms.filters import PersonFilter
from mailboxes.forms.person_field import labels_of
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Affiliation, Bal, Cotitulaire, Delegataire, Joining, Movement, Person, Structure
from mailboxes.models.roles import managed_structures, sees_person
from mailboxes.rules import (
    NotAllowed,
    allows,
    check_cancel_departure,
    check_describe_person,
    check_may,
    check_open_movement,
    check_read_person,
    check_somewhere,
)
from mailboxes.views.acts import ActionView, EnteringView
from mailboxes.views.contacts import pending_of
from mailboxes.views.journals import PersonJournalList
from mailboxes.views.portrait import Portrait
from mailboxes.views.refusals import refused_page

SUGGESTED = 10
RECENT = 10
SETTLED_AFTER = timedelta(days=90)
FORMATS = {"json": "application/json", "xlsx": XLSX}


def person_suggest(request):
    """The options of a datalist, for the field whose name is `for`."""
    text = next((value for name, value in request.GET.items() if name not in ("bal", "structure", "page")), "").strip()
    bal = _named(Bal.objects.visible_to(request.user), request.GET.get("bal", ""))
    structure = _named(Structure.objects.open_to(request.user), request.GET.get("structure", ""))
    if bal:
        people = Person.objects.choosable_for(bal, request.user)
    elif structure:
        people = Person.objects.choosable_in(structure, request.user)
    else:
        people = Person.objects.visible_to(request.user)
    found = list(people.named(text)[:SUGGESTED]) if len(text) >= 2 else []
    labels = labels_of(found, Structure.objects.visible_to(request.user))
    options = [(label, person.profession) for label, person in zip(labels, found, strict=True)]
    return render(request, "mailboxes/_person_options.html", {"options": options})


def _named(rows, number: str):
    """The row of that number among these; None where there is none, or what is given is no number."""
    return rows.filter(pk=number).first() if number.isascii() and number.isdecimal() else None


class PersonList(Listing):
    name, view, nouns = "people", "person-list", ("personne", "personnes")
    row, empty = "mailboxes/people/_row.html", "mailboxes/people/_none.html"
    inline = ("q", "structure", "presence", "access")
    place_path = ""
    columns = (
        Column("name", "Nom", ("family_name", "given_name")),
        Column("profession", "Profession", ("profession", "family_name")),
        Column("where", "Où"),
        Column("rpps", "RPPS", ("rpps",)),
        Column("bals", "BAL"),
    )

    @classmethod
    def within(cls, rows, place: Structure | None):
        if place is None:
            return rows
        stays = Affiliation.objects.filter(structure__in=Structure.objects.under(place).values("pk"))
        return rows.filter(pk__in=stays.values("person"))


def person_list(request):
    structures = Structure.objects.visible_to(request.user)
    people = Person.objects.all() if request.user.is_superuser else Person.objects.of_structures(structures)
    found = PersonFilter(request.GET, queryset=people, request=request)
    listing = PersonList(request, found.qs, form=found.form, loaded=_rows(request.user))
    for row in listing.page:
        row.is_here = sees_person(request.user, row, row.stays)
    return render(
        request,
        "mailboxes/person_list.html",
        {
            "listing": listing,
            "page": listing.page,
            "joinings": Joining.objects.answerable_by(request.user).count(),
            "can_record": allows(check_somewhere, Act.RECORD_PERSON, by=request.user),
        },
    )


def _rows(user):
    """What each line shows: the person's stays that `user` sees, their open files, and how many BAL they hold or are
    lent."""
    stays = Affiliation.objects.visible_to(user).select_related("structure").order_by("structure__name", "-pk")
    files = Prefetch("movements", Movement.objects.open(), to_attr="open_files")
    of_person = {"person": OuterRef("pk"), "bal__in": Bal.objects.live().visible_to(user).values("pk")}
    return Person.objects.annotate(
        held_count=_number_of(Cotitulaire.objects.filter(**of_person)),
        lent_count=_number_of(Delegataire.objects.standing().filter(**of_person)),
    ).prefetch_related(Prefetch("affiliations", stays.prefetch_related(files), to_attr="stays"))


def _number_of(rows: QuerySet) -> Coalesce:
    """Counted for each of the people shown: joined, all the BAL that `user` sees would be gathered first."""
    return Coalesce(Subquery(rows.order_by().values("person").annotate(number=Count("pk")).values("number")), 0)


def find(request, pk) -> Person:
    """Whoever is there, or once was: of the latter, the page tells what the structure itself did."""
    return get_object_or_404(Person.objects.remembered_by(request.user).select_related("user"), pk=pk)


def person(request, person):
    row = find(request, person)
    portrait = Portrait(row, request.user)
    may_read = allows(check_read_person, row, by=request.user)
    held, received, given = list(portrait.held()), list(portrait.received()), list(portrait.given())
    journal = list(portrait.journal()[:RECENT]) if may_read else []
    return render(
        request,
        "mailboxes/person.html",
        {
            "person": row,
            "is_self": row.is_actor(request.user),
            "is_here": portrait.is_here,
            **(pending_of(row, request.user) if portrait.is_here else {}),
            "stays": [stay_facts(stay, request.user) for stay in portrait.stays()],
            "situations": row.situations() if portrait.is_here else [],
            "held": held,
            "is_principal": any(r.is_principal and r.bal.is_shared for r in held),
            "received": received,
            "given": given,
            "seen_bals": seen_among([*held, *received, *given, *journal], request.user),
            "movements": portrait.movements(),
            "can_edit": allows(check_describe_person, row, {}, by=request.user),
            "can_correct": allows(check_may, Act.CORRECT_PERSON, person=row, by=request.user),
            "may_read": may_read,
            **({"claims": portrait.claims(), "journal": journal,
                "notices": portrait.notices()[:RECENT]} if may_read else {}),
        },
    )  # fmt: skip


def seen_among(rows, user) -> set[int]:
    """The ids of the BAL of these rows that `user` may open: of one's own past, one reads more than one sees today."""
    bals = {row.bal_id for row in rows if row.bal_id}
    return set(Bal.objects.visible_to(user).filter(pk__in=bals).values_list("pk", flat=True))


def stay_facts(stay: Affiliation, user) -> dict:
    """What the page shows of a stay; once somebody has been there for long, no arrival is left to prepare."""
    settled = stay.arrived_on and stay.arrived_on < timezone.localdate() - SETTLED_AFTER
    kinds = [Movement.Kind.DEPARTURE] if settled else list(Movement.Kind)
    return {
        "row": stay,
        "kinds": [kind for kind in kinds if allows(check_open_movement, stay, kind, by=user)],
        "can_cancel": allows(check_cancel_departure, stay, by=user),
    }


def person_journal(request, person):
    """Everything that was done and told about the person; who reads it is written down."""
    row = find(request, person)
    try:
        check_read_person(row, by=request.user)
    except NotAllowed as refused:
        return refused_page(request, refused, person=row)
    actions.trace(request.user, "journal", f"personne {row.pk}")
    portrait = Portrait(row, request.user)
    lines = portrait.journal()
    told = lines.prefetch_related(Prefetch("notices", portrait.told()))
    listing = PersonJournalList(request, lines, loaded=told, view_args=[row.pk])
    facts = {"listing": listing, "page": listing.page, "seen_bals": seen_among(listing.page, request.user)}
    return render(request, "mailboxes/person_journal.html", {"person": row, **facts})


@require_POST
def person_data(request, person):
    """A copy of what is kept on the person; that it was handed out is written in the journal, and is in the copy."""
    row = find(request, person)
    wanted = request.POST.get("format", "json")
    wanted = wanted if wanted in FORMATS else "json"
    try:
        actions.note_export(row, by=request.user, note=wanted.upper())
    except NotAllowed as refused:
        return refused_page(request, refused, person=row)
    portrait = Portrait(row, request.user)
    content = portrait.as_xlsx() if wanted == "xlsx" else portrait.as_json()
    name = f"personne-{row.pk}-{timezone.localdate():%Y-%m-%d}.{wanted}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=FORMATS[wanted], headers=headers)


class RecordPersonView(EnteringView):
    act = Act.RECORD_PERSON
    form_class = PersonForm
    label = Act.RECORD_PERSON.label
    done = "La personne est inscrite : vous pouvez la désigner sur une BAL."

    def perform(self, form, *, by):
        result = super().perform(form, by=by)
        if isinstance(result, Joining):
            self.done = (
                "Cette personne est déjà dans une autre structure : son accord, ou celui de cette structure, lui est "
                "demandé. D’ici là, vous n’en voyez pas plus que l’annuaire."
            )
        return result

    def back(self):
        if isinstance(self.result, Joining):
            return reverse("joining-list")
        return self.result.get_absolute_url() if self.result else reverse("person-list")


class PersonActionView(ActionView):
    """An action on one person; a stranger gets 404 before anything else."""

    person: Person

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.person = find(request, self.kwargs["person"])

    def back(self):
        return self.person.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.person, **kwargs)


class DescribePersonView(PersonActionView):
    form_class = DescribePersonForm
    label = Act.DESCRIBE_PERSON.label
    done = "La fiche est à jour."

    def check(self, *, by):
        check_describe_person(self.person, {}, by=by)

    def get_form_kwargs(self):
        managed = managed_structures(self.request.user)
        stays = self.person.affiliations.current().filter(structure__in=managed).select_related("structure")
        return {**super().get_form_kwargs(), "person": self.person, "stays": stays}

    def perform(self, form, *, by):
        return form.perform(self.person, by=by)
