"""How the structures name their BAL, two BAL asked for a few days ago, and a request that Gisèle has not finished."""

from mailboxes.management.demo.clock import Timeline
from mailboxes.management.demo.foundation import START, Foundation
from mailboxes.management.demo.people import SECRETARY, Cast
from mailboxes.management.demo.places import FOUNDATION_DOMAIN, Places
from mailboxes.models import Bal, Domain, Membership, Person, Structure
from mailboxes.openings.actions import Foreseen, begin_draft, request_opening, save_draft, set_naming
from mailboxes.openings.naming import Particles, PersonPattern, SharedPattern

RULED = START - 2  # days ago
ASKED, ASKED_BY_A_DOCTOR, LEFT = 4, 2, 1


def tell(time: Timeline, cast: Cast, places: Places, foundation: Foundation, gisele) -> None:
    policies = {
        places.foundation: {"shared_pattern": SharedPattern.ALONE},  # its domain is its own
        places.ehpad: {"shared_pattern": SharedPattern.TOWN},
        places.nurses: {"shared_pattern": SharedPattern.POSTCODE},
        places.doctors: {"person_pattern": PersonPattern.INITIAL_FAMILY, "shared_pattern": SharedPattern.POSTCODE},
        places.screening: {"shared_pattern": SharedPattern.TOWN},
        places.sgami: {"shared_pattern": SharedPattern.ALONE, "particles": Particles.DROPPED},
    }
    for structure, facts in policies.items():
        time.on(RULED, _rule, structure, facts)
    elderly, tumours = (foundation.shared[service].person for service in ("Gériatrie", "Oncologie"))
    secretary = cast.enter(places.hospital, SECRETARY)
    facts = {"structure": places.hospital, "operator": places.region, "kind": Bal.Kind.ORGANISATIONNELLE}
    # Gisèle foresees the secretary's access, which the principal will grant.
    time.on(ASKED, request_opening, **facts, address=f"rcp-onco-geriatrie@{FOUNDATION_DOMAIN}", principal=tumours,
            cotitulaires=[elderly], delegataires=[Foreseen(secretary, "Préparation des réunions")],
            service="RCP d’onco-gériatrie", by=gisele,
            purpose="Fiches de concertation ; les BAL nominatives restent pour l’avis d’un confrère.")  # fmt: skip
    # A doctor who will answer for a BAL asks for it and grants the secretary's access; the gestionnaires are told.
    time.on(ASKED_BY_A_DOCTOR, request_opening, **facts, address=f"consultation-de-la-chute@{FOUNDATION_DOMAIN}",
            principal=elderly, delegataires=[Foreseen(secretary, "Rendez-vous de la consultation", can_send=True)],
            service="Consultation de la chute", by=elderly.user,
            purpose="Demandes d’avis des médecins traitants ; la BAL du service garde les comptes rendus.")  # fmt: skip
    time.on(LEFT, _draft, gisele, places.hospital, elderly)


def _rule(structure: Structure, facts: dict) -> None:
    manager = Membership.objects.filter(structure=structure, role=Membership.Role.GESTIONNAIRE).order_by("pk").first()
    if manager is None:
        raise RuntimeError(f"nobody manages {structure}")
    set_naming(structure, by=manager.user, **facts)


def _draft(gisele, hospital: Structure, principal: Person) -> None:
    """A draft as far as the address, where its author will meet the homonyms and what the policy proposes."""
    draft = begin_draft(by=gisele)
    answers: dict[str, dict] = {
        "usage": {"structure": hospital.pk, "users": "team-staff", "goes_on": "yes",
                  "exchanged": "Demandes d’intervention et comptes rendus de l’équipe mobile, avec les EHPAD.",
                  "beside": "Les BAL nominatives restent pour les avis entre deux confrères."},
        "type": {"kind": "ORG"},
        "responsable": {"service": "Équipe mobile de gériatrie", "principal": principal.rpps, "attested": False},
        "operateur": {"domain": Domain.objects.get(name=FOUNDATION_DOMAIN).pk},
    }  # fmt: skip
    for step, answered in answers.items():
        draft = save_draft(draft, step, answered)
