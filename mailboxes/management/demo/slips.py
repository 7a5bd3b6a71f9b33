"""What was written wrongly, or done by the operator unasked, and how it was put right: at the nurses' practice."""

from mailboxes.actions import correct_bal, describe_person, move, register_bal
from mailboxes.lifecycle import Verb
from mailboxes.management.demo import usage
from mailboxes.management.demo.clock import Timeline
from mailboxes.management.demo.places import REGION_DOMAIN, Places
from mailboxes.management.demo.practices import by_address, open_shared
from mailboxes.models import Bal, Person

ENTERED = 295  # days ago


def tell(time: Timeline, places: Places, readings: usage.Readings) -> None:
    names = ("Nadia", "Benoît", "Coralie")
    nadia, benoit, coralie = (Person.objects.get(given_name=n, affiliations__structure=places.nurses) for n in names)
    by = nadia.user

    def enter(local: str, kind: str, principal: Person, **described) -> str:
        address = f"{local}.tilleuls@{REGION_DOMAIN}"
        time.on(ENTERED, register_bal, structure=places.nurses, operator=places.region, kind=kind, address=address,
                principal=principal, exists=True, by=by, **described)  # fmt: skip
        return address

    def does(days_ago: float, address: str, verb: Verb, **facts) -> None:
        time.on(days_ago, by_address, move, address, verb, by=by, **facts)

    typo = enter("cabinet-infirmeir", Bal.Kind.ORGANISATIONNELLE, nadia)
    does(ENTERED - 2, typo, Verb.NEVER_EXISTED, note="Faute de frappe : la vraie BAL est déjà inscrite.")

    unasked = enter("nuit", Bal.Kind.ORGANISATIONNELLE, nadia)
    does(110, unasked, Verb.OPERATOR_DELETED, note="Message d’erreur à l’envoi, confirmé au téléphone.")
    does(104, unasked, Verb.REVIVE, note="Rouverte par l’opérateur, qui s’était trompé d’adresse.")

    opened = f"soins-palliatifs.tilleuls@{REGION_DOMAIN}"
    time.on(160, open_shared, places.nurses, places.region, opened, nadia, service="Soins à domicile",
            purpose="Suivi partagé avec l’équipe mobile.")  # fmt: skip
    does(155, opened, Verb.ACTIVATE)
    does(154, opened, Verb.RETRACT_OPENING, note="La réponse portait sur une autre demande.")
    does(146, opened, Verb.ACTIVATE)

    kept = enter("remplacements", Bal.Kind.NOMINATIVE, nadia, liste_rouge=True)
    does(90, kept, Verb.REQUEST_DELETION, attested=True, note="Ne sert plus.")
    does(84, kept, Verb.CONFIRM_DELETION)
    does(83, kept, Verb.RETRACT_DELETION, note="L’opérateur parlait d’une autre BAL.")
    does(70, kept, Verb.OPPOSE)

    time.on(12, describe_person, coralie, by=by, has_cps=False)  # her card is over, and not yet replaced

    wrong = enter("ancienne", Bal.Kind.NOMINATIVE, coralie)
    readings.of(wrong, usage.idle(11.5))
    time.on(21, by_address, correct_bal, wrong, by=by, principal=benoit, why="La liste de l’opérateur se trompait.")
