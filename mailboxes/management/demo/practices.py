"""The four use cases of the ANS's sheet on the extended BAL ORG, and two practices with a BAL de cabinet."""

from mailboxes.actions import add_cotitulaire, delegate, move, register_bal
from mailboxes.lifecycle import Verb
from mailboxes.management.demo.clock import Timeline
from mailboxes.management.demo.people import DOCTOR, NURSE, PHYSIO, SECRETARY, Cast, local_of
from mailboxes.management.demo.places import COMPANY_DOMAIN, FORMER_DOMAIN, REGION_DOMAIN, Places, entrust
from mailboxes.models import Bal, Operator, Person, Structure

OWN = 310  # days ago: the practices enter the BAL they have
SHARED_PATIENTS = (
    "Comptes rendus, résultats et ordonnances de la patientèle commune ; les BAL nominatives restent pour ce qui "
    "ne concerne qu’un seul professionnel."
)
SGAMI_BALS = {
    "conseil-medical.sgami": ["Cheffe du conseil médical", "Secrétaire médicale", "Responsable administratif"],
    "medecine-statutaire.sgami": ["Responsable adjoint du service", "Gestionnaire", "Secrétaire médicale"],
    "soins-en-detention.sgami": ["Chef de section", "Secrétaire médicale"],
    "inspection-medicale.sgami": ["Adjointe du bureau", "Responsable administratif"],
}
SGAMI_PEOPLE = {
    "Cheffe du conseil médical": "Sabine d’Hautefort",
    "Responsable adjoint du service": "Thierry Coquelin",
    "Gestionnaire": "Leïla Haddouche",
    "Secrétaire médicale": "Jocelyne Payet-Morel",
    "Responsable administratif": "Gérald Nkomo",
    "Chef de section": "Étienne Vasseur",
    "Adjointe du bureau": "Marie-Laure O’Brien",
}


def open_shared(
    structure: Structure, operator: Operator, address: str, principal: Person, kind=None, **described
) -> Bal:
    """The principal, who manages the practice's BAL too, asks the operator for one."""
    return register_bal(structure=structure, operator=operator, kind=kind or Bal.Kind.ORGANISATIONNELLE,
                        address=address, principal=principal, by=principal.user, **described)  # fmt: skip


def by_address(act, address: str, *args, **kwargs):
    """Do `act` to the BAL that stands at this address by then."""
    return act(Bal.objects.get(address=address), *args, **kwargs)


def tell(time: Timeline, cast: Cast, places: Places) -> None:
    """Each case, told alone; its people have their own BAL already."""
    _nurses(time, cast, places)
    _doctors(time, cast, places)
    _screening(time, cast, places)
    _sgami(time, cast, places)
    _cabinets(time, cast, places)


def _own_bals(time: Timeline, operator: Operator, structure: Structure, domain: str, people: list[Person]) -> None:
    """The nurses' nominative BAL, entered by the first of them."""
    for person in people:
        time.on(OWN, register_bal, structure=structure, operator=operator, kind=Bal.Kind.NOMINATIVE,
                address=f"{local_of(person)}@{domain}", principal=person, exists=True, by=people[0].user)  # fmt: skip


def _opening(
    time: Timeline, days_ago: float, structure, operator, address: str, principal: Person, **described
) -> None:
    time.on(days_ago, open_shared, structure, operator, address, principal, **described)
    time.on(days_ago - 5, by_address, move, address, Verb.ACTIVATE, by=principal.user)


def _nurses(time: Timeline, cast: Cast, places: Places) -> None:
    """Nurses without a FINESS: the RPPS of A is enough. A opens and names B, B names C."""
    a = cast.enter(places.nurses, NURSE, "Nadia Bensaïd", login="nadia")
    b = cast.enter(places.nurses, NURSE, "Benoît L’Helgouac’h", login="benoit")
    c = cast.enter(places.nurses, NURSE, "Coralie Saint-Amand", login="coralie")
    entrust(a.user, places.nurses)
    address = f"cabinet-infirmier-tilleuls.42190@{REGION_DOMAIN}"
    _opening(time, 300, places.nurses, places.region, address, a, service="Soins à domicile", purpose=SHARED_PATIENTS)
    _own_bals(time, places.region, places.nurses, REGION_DOMAIN, [a, b, c])
    time.on(293, by_address, add_cotitulaire, address, b, by=a.user)
    time.on(281, by_address, add_cotitulaire, address, c, by=b.user)


def _doctors(time: Timeline, cast: Cast, places: Places) -> None:
    """A opens and names B; both delegate to the secretary they share."""
    a = cast.enter(places.doctors, DOCTOR, "Anselme Castagnier", login="anselme")
    b = cast.enter(places.doctors, DOCTOR, "Bérangère Le Floc’h", login="berangere")
    secretary = cast.enter(places.doctors, SECRETARY, "Sylviane Mouton", login="sylviane")
    entrust(a.user, places.doctors)
    address = f"cabinet-place-aux-herbes.42300@{COMPANY_DOMAIN}"
    _opening(
        time, 262, places.doctors, places.company, address, a, service="Médecine générale", purpose=SHARED_PATIENTS
    )
    _own_bals(time, places.company, places.doctors, COMPANY_DOMAIN, [a, b])
    time.on(255, by_address, add_cotitulaire, address, b, by=a.user)
    for days_ago, doctor in ((254, a), (252, b)):
        time.on(days_ago, by_address, delegate, address, secretary, under=doctor, by=doctor.user, can_send=True,
                reason="Gestion administrative et courriers du cabinet")  # fmt: skip


def _screening(time: Timeline, cast: Cast, places: Places) -> None:
    doctor = cast.enter(places.screening, DOCTOR, "Mathilde Rochebrune", login="mathilde")
    radiologist = cast.enter(places.screening, DOCTOR, "Igor Vlaminck", login="igor", function="Radiologue")
    secretary = cast.enter(places.screening, SECRETARY, "Patricia Da Costa", login="patricia")
    entrust(doctor.user, places.screening)
    address = f"reseau-depistage-sein.roanne@{REGION_DOMAIN}"
    _opening(time, 236, places.screening, places.region, address, doctor, service="Coordination",
             purpose="Comptes rendus de mammographie et seconde lecture, hors des BAL nominatives.")  # fmt: skip
    _own_bals(time, places.company, places.screening, COMPANY_DOMAIN, [doctor, radiologist])
    time.on(229, by_address, add_cotitulaire, address, radiologist, by=doctor.user)
    for days_ago, holder in ((228, doctor), (221, radiologist)):
        time.on(days_ago, by_address, delegate, address, secretary, under=holder, by=holder.user, can_send=True,
                reason="Convocations et suivi des comptes rendus")  # fmt: skip


def _sgami(time: Timeline, cast: Cast, places: Places) -> None:
    """One doctor opens four BAL, and delegates each to the people whose work it is."""
    inspector = cast.enter(places.sgami, DOCTOR, "Honoré de Montbrun", login="honore",
                           function="Médecin inspecteur régional")  # fmt: skip
    people = {
        function: cast.enter(places.sgami, "", name, function=function) for function, name in SGAMI_PEOPLE.items()
    }
    entrust(inspector.user, places.sgami)
    for rank, (local, functions) in enumerate(SGAMI_BALS.items()):
        address, days_ago = f"{local}@{REGION_DOMAIN}", 190 - 9 * rank
        service = local.partition(".")[0].replace("-", " ").capitalize()
        _opening(time, days_ago, places.sgami, places.region, address, inspector, service=service,
                 purpose="Échanges avec les soignants extérieurs, une BAL par mission.")  # fmt: skip
        for function in functions:
            time.on(days_ago - 6, by_address, delegate, address, people[function], under=inspector, by=inspector.user,
                    can_send=function != "Gestionnaire", reason=f"{function} : dossiers de sa mission")  # fmt: skip


def _cabinets(time: Timeline, cast: Cast, places: Places) -> None:
    """The CAB, a type still being worked out nationally: the roles of an ORG, all with RPPS."""
    for structure, profession, local, operator, domain in (
        (places.physios, PHYSIO, "kinesitherapie-pont-vieux.42300", places.company, FORMER_DOMAIN),
        (places.health_house, DOCTOR, "cabinet-bords-de-loire.42120", places.region, REGION_DOMAIN),
        (places.health_house, NURSE, "infirmiers-bords-de-loire.42120", places.region, REGION_DOMAIN),
    ):
        team = [cast.let_in(cast.enter(structure, profession)) for _ in range(3)]
        entrust(team[0].user, structure)
        address = f"{local}@{domain}"
        _opening(time, 210, structure, operator, address, team[0], kind=Bal.Kind.CABINET, purpose=SHARED_PATIENTS)
        _own_bals(time, operator, structure, domain, team)
        for person in team[1:]:
            time.on(203, by_address, add_cotitulaire, address, person, by=team[0].user)
