"""An invented extraction file in the real format.

Nobody in it exists. The same arguments always give the same bytes; with `change`, day after day, the same file as it
would stand `days` later.
"""

import io
import random
import zipfile
from bisect import bisect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import IO, NamedTuple

from stdnum import luhn

from directory.records import EntryRecord
from directory.sources.extraction import COLUMNS, HEADER

FIRST_DAY = datetime(2026, 11, 1, 3, 0)
FIXED = (2026, 11, 1, 3, 0, 0)  # what a zip says of its members' age: the same bytes at any hour
DOMAINS = 5_000

FAMILY_NAMES = """MARTIN BERNARD THOMAS PETIT ROBERT RICHARD DURAND DUBOIS MOREAU LAURENT SIMON MICHEL LEFEBVRE LEROY
ROUX DAVID BERTRAND MOREL FOURNIER GIRARD BONNET DUPONT LAMBERT FONTAINE ROUSSEAU VINCENT MULLER LEFEVRE FAURE ANDRE
MERCIER BLANC GUERIN BOYER GARNIER CHEVALIER FRANCOIS LEGRAND GAUTHIER GARCIA PERRIN ROBIN CLEMENT MORIN NICOLAS HENRY
ROUSSEL MATHIEU GAUTIER MASSON MARCHAND DUVAL DENIS DUMONT MARIE LEMAIRE NOEL MEYER DUFOUR MEUNIER BRUN BLANCHARD
GIRAUD JOLY RIVIERE LUCAS BRUNET GAILLARD BARBIER ARNAUD MARTINEZ GERARD ROCHE RENARD SCHMITT ROY LEROUX COLIN VIDAL
CARON PICARD ROGER FABRE AUBERT LEMOINE RENAUD DUMAS LACROIX OLIVIER PHILIPPE BOURGEOIS PIERRE BENOIT REY LECLERC
PAYET ROLLAND LECLERCQ GUILLAUME LECOMTE LOPEZ JEAN DUPUY GUILLOT HUBERT BERGER CARPENTIER SANCHEZ DUPUIS MOULIN LOUIS
DESCHAMPS HUET VASSEUR PEREZ BOUCHER FLEURY ROYER KLEIN JACQUET ADAM PARIS POIRIER MARTY AUBRY GUYOT CARRE CHARLES
RENAULT CHARPENTIER MENARD MAILLARD BARON BERTIN BAILLY HERVE SCHNEIDER FERNANDEZ COLLET LEGER BOUVIER JULIEN PREVOST
MILLET PERROT DANIEL COUSIN GERMAIN BRETON BESSON LANGLOIS REMY LEGALL PELLETIER LEVEQUE PERRIER LEBLANC BARRE LEBRUN
MARCHAL WEBER MALLET HAMON BOULANGER JACOB MONNIER MICHAUD RODRIGUEZ GUICHARD GILLET ETIENNE GRONDIN POULAIN TESSIER
CHEVALLIER COLLIN CHAUVIN BOUCHET GAY LEMAITRE BENARD MARECHAL HUMBERT REYNAUD ANTOINE HOARAU PERRET BARTHELEMY
CORDIER PICHON LEJEUNE GILBERT LAMY DELAUNAY PASQUIER CARLIER LAPORTE NDIAYE DIALLO TRAORE NGUYEN BENALI HADDAD
DA-COSTA LE-GOFF""".split()
GIVEN_NAMES = """Marie Jean Philippe Nathalie Isabelle Michel Alain Sylvie Catherine Patrick Françoise Christine Anne
Nicolas Christophe Pierre Martine Frédéric Valérie Christian Sandrine Stéphanie Céline Éric Laurent Stéphane Véronique
Sophie Dominique Bernard David Olivier Sébastien Thierry Julien Chantal Monique Daniel Pascal Aurélie Patricia Julie
Brigitte Laurence Bruno Émilie Thomas Alexandre Annie Caroline Élodie Jérôme Guillaume Camille Laura Claire Virginie
Vincent Florence Hélène Karine Mathieu Didier Gilles Lucie Anthony Marc Benjamin Antoine Mélanie Pauline Franck Arnaud
Cécile Léa Delphine Maxime Marion Romain Audrey Charlotte Manon Emmanuel Fabrice Sarah Corinne Elisabeth François
Mathilde Kévin Amandine Jacques Laetitia Hervé Sabrina Agnès Clément Denis Alexandra Cédric Ludovic Yves Jean-Marc
Anne-Sophie Marie-Claire""".split()
# town, postcode, département, region's domain
TOWNS = [
    tuple(line.split("/"))
    for line in """LYON/69003/Rhône/aura
VILLEURBANNE/69100/Rhône/aura
GRENOBLE/38000/Isère/aura
VIENNE/38200/Isère/aura
SAINT-ETIENNE/42000/Loire/aura
ROANNE/42300/Loire/aura
CLERMONT-FERRAND/63000/Puy-de-Dôme/aura
ANNECY/74000/Haute-Savoie/aura
CHAMBERY/73000/Savoie/aura
VALENCE/26000/Drôme/aura
BOURG-EN-BRESSE/01000/Ain/aura
PARIS/75013/Paris/idf
PARIS/75018/Paris/idf
SAINT-DENIS/93200/Seine-Saint-Denis/idf
LES-LILAS/93260/Seine-Saint-Denis/idf
CRETEIL/94000/Val-de-Marne/idf
NANTERRE/92000/Hauts-de-Seine/idf
VERSAILLES/78000/Yvelines/idf
EVRY/91000/Essonne/idf
MELUN/77000/Seine-et-Marne/idf
MARSEILLE/13005/Bouches-du-Rhône/paca
AIX-EN-PROVENCE/13100/Bouches-du-Rhône/paca
NICE/06000/Alpes-Maritimes/paca
TOULON/83000/Var/paca
AVIGNON/84000/Vaucluse/paca
BASTIA/20200/Haute-Corse/corse
AJACCIO/20000/Corse-du-Sud/corse
TOULOUSE/31000/Haute-Garonne/occitanie
MONTPELLIER/34000/Hérault/occitanie
NIMES/30000/Gard/occitanie
PERPIGNAN/66000/Pyrénées-Orientales/occitanie
RODEZ/12000/Aveyron/occitanie
BORDEAUX/33000/Gironde/nouvelle-aquitaine
PAU/64000/Pyrénées-Atlantiques/nouvelle-aquitaine
LIMOGES/87000/Haute-Vienne/nouvelle-aquitaine
POITIERS/86000/Vienne/nouvelle-aquitaine
LA-ROCHELLE/17000/Charente-Maritime/nouvelle-aquitaine
NANTES/44000/Loire-Atlantique/paysdelaloire
ANGERS/49000/Maine-et-Loire/paysdelaloire
LE-MANS/72000/Sarthe/paysdelaloire
RENNES/35000/Ille-et-Vilaine/bretagne
BREST/29200/Finistère/bretagne
QUIMPER/29000/Finistère/bretagne
VANNES/56000/Morbihan/bretagne
CAEN/14000/Calvados/normandie
ROUEN/76000/Seine-Maritime/normandie
LE-HAVRE/76600/Seine-Maritime/normandie
LILLE/59000/Nord/hautsdefrance
DUNKERQUE/59140/Nord/hautsdefrance
ARRAS/62000/Pas-de-Calais/hautsdefrance
AMIENS/80000/Somme/hautsdefrance
STRASBOURG/67000/Bas-Rhin/grandest
COLMAR/68000/Haut-Rhin/grandest
NANCY/54000/Meurthe-et-Moselle/grandest
METZ/57000/Moselle/grandest
REIMS/51100/Marne/grandest
DIJON/21000/Côte-d'Or/bfc
BESANCON/25000/Doubs/bfc
ORLEANS/45000/Loiret/centre
TOURS/37000/Indre-et-Loire/centre
SAINT-DENIS/97400/La Réunion/ocean-indien
FORT-DE-FRANCE/97200/Martinique/martinique""".splitlines()
]
# code, label, share, domain of the profession's own operator
PROFESSIONS = [
    ("10", "Médecin", 36, "medecin.mssante.fr"),
    ("60", "Infirmier", 22, "infirmier.mssante.fr"),
    ("70", "Masseur-Kinésithérapeute", 12, "masseur-kinesitherapeute.mssante.fr"),
    ("21", "Pharmacien", 10, "pharmacien.mssante.fr"),
    ("40", "Chirurgien-Dentiste", 8, "chirurgien-dentiste.mssante.fr"),
    ("50", "Sage-Femme", 4, "sage-femme.mssante.fr"),
    ("91", "Orthophoniste", 3, "pro.mssante.fr"),
    ("80", "Pédicure-Podologue", 2, "pedicure-podologue.mssante.fr"),
    ("94", "Ergothérapeute", 1, "pro.mssante.fr"),
    ("95", "Diététicien", 1, "pro.mssante.fr"),
    ("98", "Manipulateur ERM", 1, "pro.mssante.fr"),
]
SKILLS = [
    ("SM54", "Médecine Générale"), ("SM04", "Cardiologie et maladies vasculaires"), ("SM40", "Pédiatrie"),
    ("SM42", "Psychiatrie"), ("SM44", "Radio-diagnostic"), ("SM15", "Dermatologie et vénéréologie"),
    ("SM38", "Ophtalmologie"),
]  # fmt: skip
KINDS = [("CH", "Centre hospitalier"), ("CLINIQUE", "Clinique"), ("EHPAD", "EHPAD"), ("SSIAD", "SSIAD"),
         ("LABO", "Laboratoire de biologie"), ("IMAGERIE", "Centre d'imagerie"), ("MSP", "Maison de santé"),
         ("CPTS", "CPTS"), ("HAD", "Hospitalisation à domicile"), ("CENTRE-SANTE", "Centre de santé")]  # fmt: skip
SITES = (
    "DES LILAS|DU PARC|SAINT-JOSEPH|DES TILLEULS|LES GLYCINES|JEAN MOULIN|DU LAC|LES MIMOSAS|SAINTE-ANNE|"
    "DES REMPARTS|DU PONT VIEUX|LES CEDRES|BEL AIR|DES ACACIAS|VICTOR HUGO|LES OLIVIERS|DE LA GARE|"
    "SAINT-LUC|LES CHENES|DU CHATEAU"
).split("|")
SERVICES = (
    "Secrétariat médical|Cardiologie|Urgences|Pédiatrie|Gériatrie|Accueil|Bureau des entrées|Imagerie|"
    "Laboratoire|Pharmacie|Maternité|Chirurgie|Oncologie|Néphrologie|Équipe mobile|Coordination|"
    "Soins infirmiers|Direction des soins"
).split("|")
STREET_TYPES = ["RUE", "AVENUE", "BOULEVARD", "PLACE", "CHEMIN", "ALLEE"]
STREETS = ["DE LA REPUBLIQUE", "VICTOR HUGO", "DES ECOLES", "PASTEUR", "DU GENERAL LECLERC", "JEAN JAURES",
           "DE LA GARE", "DES LILAS", "GAMBETTA", "DU MOULIN", "DE L'EGLISE", "DES FLEURS"]  # fmt: skip
PLAIN = str.maketrans("éèêëàâîïôöûüçÉÈÊ", "eeeeaaiioouuceee", "' ")


class InventedPlace(NamedTuple):
    """A domain and the structure behind it; `structure_id` is empty for the large operators' shared domains."""

    domain: str
    town: tuple[str, ...]
    name: str = ""
    structure_id: str = ""


class InventedChange(NamedTuple):
    gone: set[int]  # line numbers
    altered: dict[int, int]  # line number -> day
    appeared: int


def write_annuaire(
    path: Path | str,
    lines: int,
    seed: int = 1,
    change: float = 0.0,
    days: int = 1,
    extra_rows: Iterable[EntryRecord] = (),
) -> None:
    """Write `lines` invented lines after `extra_rows`, zipped when the path says so; `change` is a share a day."""
    days = days if change else 0
    stamp = FIRST_DAY + timedelta(days=days)
    with open_written(Path(path), f"Extraction_Correspondance_MSSante_{stamp:%Y%m%d%H%M}.txt") as file:
        file.write(HEADER + "\n")
        rows = chain(
            ("|".join(row[: len(COLUMNS)]) for row in extra_rows),
            _lines(lines, seed, _changes(lines, seed, change, days)),
        )
        while block := list(islice(rows, 5000)):
            file.write("\n".join(block) + "\n")


@contextmanager
def open_written(path: Path, *members: str) -> Iterator[IO[str]]:
    if path.suffix != ".zip":
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        member, *others = [zipfile.ZipInfo(name, date_time=FIXED) for name in members]
        member.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(member, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="\n") as file:
            yield file
        for other in others:
            archive.writestr(other, "Type d'identifiant PP|Identifiant PP|\n")


def _changes(lines: int, seed: int, share: float, days: int) -> InventedChange:
    """A third of each day's share is gone, a third altered, the rest has appeared."""
    change = InventedChange(set(), {}, 0)
    for day in range(1, days + 1):
        rng = random.Random(f"{seed}:{day}")
        size = min(lines, round(lines * share))
        chosen = rng.sample(range(lines), size)
        third = size // 3
        change.gone.update(chosen[:third])
        change.altered.update(dict.fromkeys(chosen[third : 2 * third], day))
        change = change._replace(appeared=change.appeared + size - 2 * third)
    return change


def _lines(lines: int, seed: int, change: InventedChange) -> Iterator[str]:
    # The unchanged file is always drawn to its end, so that one draw never shifts the next ones.
    for number, row in enumerate(islice(_rows(seed), lines + change.appeared)):
        if number in change.gone:
            continue
        if day := change.altered.get(number):
            row = _alter(row, random.Random(f"{seed}:{day}:{number}"))
        yield "|".join(row)


def _alter(row: list[str], rng: random.Random) -> list[str]:
    # Appended, so that the value is sure to differ.
    row = list(row)
    field = rng.choice([7, 18])  # the service, the structure's name
    row[field] = f"{row[field]} Pôle {rng.randrange(1, 1000)}".strip()
    return row


def _rows(seed: int) -> Iterator[list[str]]:
    rng = random.Random(seed)
    places = make_places(random.Random(f"{seed}:places"))
    weights = list(accumulate(30 / (rank + 2) for rank in range(len(places))))
    taken = [0] * (len(places) + len(PROFESSIONS) + 2)  # addresses given so far in each domain
    professions = list(accumulate(share for _, _, share, _ in PROFESSIONS))
    number = 0
    while True:
        draw = rng.random()
        number += 1
        if draw < 0.17:
            index = bisect(weights, rng.random() * weights[-1], hi=len(places) - 1)
            taken[index] += 1
            row = _organisation(rng, places[index], taken[index])
        else:
            profession = bisect(professions, rng.random() * professions[-1], hi=len(PROFESSIONS) - 1)
            row = _professional(rng, number, profession, places, weights, taken)
        yield row
        if draw > 0.9997:  # the same address at a second place of practice
            yield [*row[:7], "Consultation avancée", *row[8:]]


def _professional(rng, number, profession, places, weights, taken) -> list[str]:
    code, label, _, own_domain = PROFESSIONS[profession]
    draw = rng.random()
    if draw < 0.42:
        index, domain = len(places) + profession, own_domain
        place = InventedPlace(domain, TOWNS[int(rng.random() * len(TOWNS))])
    elif draw < 0.46:
        index, domain = len(places) + len(PROFESSIONS), "interop-mssante.apicrypt.org"
        place = InventedPlace(domain, TOWNS[int(rng.random() * len(TOWNS))])
    else:
        index = bisect(weights, rng.random() * weights[-1], hi=len(places) - 1)
        place = places[index]
        domain = place.domain
    taken[index] += 1
    family, given, local = _name(taken[index], index)
    # "pro" is shared by several professions: the number keeps their addresses apart.
    local = f"{local}.{code}" if domain == "pro.mssante.fr" else local
    address = f"{local}@{domain}"
    rpps = rpps_of(number)
    skill = SKILLS[int(rng.random() * len(SKILLS))] if code == "10" else ("", "")
    return [
        "PER", address if rng.random() > 0.02 else address.title(), "8", rpps, "8" + rpps,
        "1" if place.structure_id else "", place.structure_id, "",
        "DR" if code in ("10", "40") else "M" if number % 2 else "MME", family, given,
        "C", "Civil", code, label, *skill, "O" if rng.random() < 0.8 else "N", place.name, "",
        *_postal(rng, place, number),
    ]  # fmt: skip


def _organisation(rng, place: InventedPlace, rank: int) -> list[str]:
    service = SERVICES[rank % len(SERVICES)]
    local = service.lower().translate(PLAIN)
    suffix = f".{rank // len(SERVICES)}" if rank >= len(SERVICES) else ""
    # The rank is also spent by the people of the same domain: it never comes twice.
    return [
        "ORG", f"{local}{suffix}@{place.domain}", "", "", "", "1" if place.structure_id else "", place.structure_id,
        service, "", "", "", "", "", "", "", "", "", "O" if rng.random() < 0.7 else "N",
        place.name or "Groupement régional", "", *_postal(rng, place, rank, always=True),
    ]  # fmt: skip


def _postal(rng, place: InventedPlace, number: int, always: bool = False) -> list[str]:
    if not place.structure_id and not always and rng.random() < 0.3:
        return [""] * 11
    town, postcode, department, _ = place.town
    street = int(rng.random() * len(STREETS) * len(STREET_TYPES))
    return [
        f"BATIMENT {number % 9 + 1}" if number % 10 == 0 else "", "", str(number % 180 + 1),
        "BIS" if number % 17 == 0 else "", STREET_TYPES[street % len(STREET_TYPES)],
        STREETS[street // len(STREET_TYPES)],
        "", f"{postcode} {town.replace('-', ' ')}", postcode, department, "France",
    ]  # fmt: skip


def _name(rank: int, domain: int) -> tuple[str, str, str]:
    """The rank-th person of a domain: all pairs of names in a scattered order, then again with a number."""
    pairs = len(FAMILY_NAMES) * len(GIVEN_NAMES)
    again, pair = divmod(rank, pairs)
    pair = (pair * 7919 + domain * 104729) % pairs  # 7919 is prime and divides neither list's length: a permutation
    family, given = FAMILY_NAMES[pair % len(FAMILY_NAMES)], GIVEN_NAMES[pair // len(FAMILY_NAMES)]
    return family, given, f"{given.lower().translate(PLAIN)}.{family.lower()}{again or ''}"


def rpps_of(number: int) -> str:
    body = f"1{number % 10**9:09d}"
    return body + luhn.calc_check_digit(body)


def _finess(rng: random.Random, town: tuple[str, ...]) -> str:
    department = {"Haute-Corse": "2B", "Corse-du-Sud": "2A"}.get(town[2], town[1][:2])
    body = f"{department}{rng.randrange(10**6):06d}"
    return body + (luhn.calc_check_digit(body) if body.isdigit() else "0")


def make_places(rng: random.Random) -> list[InventedPlace]:
    regions = sorted({town[3] for town in TOWNS})
    large = [InventedPlace(f"{region}.mssante.fr", next(t for t in TOWNS if t[3] == region)) for region in regions]
    return large + [_structure(rng, number) for number in range(DOMAINS - len(large))]


def _structure(rng: random.Random, number: int) -> InventedPlace:
    town = TOWNS[number % len(TOWNS)]
    short, kind = KINDS[number // len(TOWNS) % len(KINDS)]
    site = SITES[number // (len(TOWNS) * len(KINDS)) % len(SITES)]
    # Towns that share a name (PARIS, SAINT-DENIS) are told apart by the postcode.
    label = f"{short}-{site}-{town[0]}".lower().translate(PLAIN)
    domain = f"{label}-{town[1]}.{town[3]}.mssante.fr" if number % 2 else f"{label}-{town[1]}.mssante.fr"
    return InventedPlace(domain, town, f"{kind} {site} {town[0]}", _finess(rng, town))
