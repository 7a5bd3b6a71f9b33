"""Finding a person while one types; without JavaScript the form itself searches."""

from django.shortcuts import render

from mailboxes.forms.people import label_of
from mailboxes.models import Bal, Person, Structure

SUGGESTED = 10


def person_suggest(request):
    """The options of a datalist, for the field whose name is `for`."""
    text = next((value for name, value in request.GET.items() if name not in ("bal", "structure", "page")), "").strip()
    bal = Bal.objects.visible_to(request.user).filter(pk=request.GET.get("bal") or None).first()
    structure = Structure.objects.open_to(request.user).filter(pk=request.GET.get("structure") or None).first()
    if bal:
        people = Person.objects.choosable_for(bal, request.user)
    elif structure:
        people = Person.objects.choosable_in(structure, request.user)
    else:
        people = Person.objects.visible_to(request.user)
    found = people.named(text)[:SUGGESTED] if len(text) >= 2 else []
    options = [(label_of(person), person.profession) for person in found]
    return render(request, "mailboxes/_person_options.html", {"options": options})
