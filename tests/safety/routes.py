"""Every address of the application, by walking its resolver; and what to put in each.

A route whose arguments are not told here fails the walk: whoever adds a page says of what it is.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.urls import URLResolver, get_resolver, reverse

from tests.safety.world import Side
from tests.servers import ROOT  # noqa: F401 - where the documents are

ADMIN = "admin/"


class Route(NamedTuple):
    path: str  # as the resolver says it
    name: str
    pattern: Any

    @property
    def arguments(self) -> list[str]:
        return list(self.pattern.converters) or list(getattr(self.pattern, "regex", re.compile("")).groupindex)


def walk(resolver=None, base="", space="") -> Iterator[Route]:
    for part in (resolver or get_resolver()).url_patterns:
        path = base + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from walk(part, path, f"{part.namespace}:" if part.namespace else space)
        else:
            yield Route(path, f"{space}{part.name}" if part.name else "", part.pattern)


def row(name: str) -> Callable[[Side], Any]:
    return lambda side: side.rows[name].pk


def person(name: str) -> Callable[[Side], Any]:
    return lambda side: side.people[name].pk


def account(name: str) -> Callable[[Side], Any]:
    return lambda side: side.users[name].pk


def word(text: str) -> Callable[[Side], Any]:
    return lambda side: text


def structure(side: Side) -> int:
    return side.structure.pk


TOKEN = word("un-lien-que-personne-n-a-signe")
# What stands in the arguments of the routes whose path begins so: the longest beginning that matches.
OF: dict[str, dict[str, Callable[[Side], Any]]] = {
    "bal/": {"pk": row("org"), "verb": word("oppose"), "person": person("cotitulaire"), "piece": word("carte"),
             "form": word("vcf")},
    "bal/<int:pk>/migration/": {"pk": row("app")},
    "bal/<int:pk>/principal/": {"pk": row("app")},
    "bal/<int:pk>/applicative/": {"pk": row("app")},
    "bal/demander/": {"draft": row("draft"), "step": word("usage")},
    "bal/alias/": {"alias": row("alias")},
    "structures/": {"structure": structure, "pk": structure},
    "seuils/": {"name": word("READING_FRESH_DAYS")},
    "migrations/": {"pk": row("migration"), "row": row("migrated")},
    "changements/": {"pk": row("place_move")},
    "operateurs/": {"operator": lambda side: side.operator.pk, "domain": lambda side: side.operator.domains.first().pk},
    "listes/": {"listing": word("bals")},
    "vues/": {"pk": row("view")},
    "lots/": {"pk": row("batch")},
    "imports/": {"pk": row("import-previewed")},
    "imports/<int:pk>/annuler/": {"pk": row("import-applied")},
    "imports/<int:pk>/colonnes/": {"pk": row("import-received")},
    "mes-bal/questions/": {"pk": row("target")},
    "mes-bal/guide/": {"claim": row("claim")},
    "questions/": {"token": TOKEN},
    "adresses/": {"token": TOKEN},
    "avis/": {"pk": row("notice"), "token": TOKEN},
    "campagnes/": {"pk": row("campaign")},
    "campagnes/revues/": {"structure": structure},
    "protocole/": {"pk": structure},
    "avis/textes/": {"pk": structure, "kind": word("alert_idle")},
    "logiciels/cles/": {"pk": row("key")},
    "logiciels/webhooks/": {"pk": row("webhook")},
    "logiciels/livraisons/": {"pk": row("delivery")},
    "a-faire/": {"name": word("mot-de-passe")},
    "styleguide/": {"name": word("alert_idle")},
    "ecarts/": {"situation": word("inconnue"), "structure": structure, "address": lambda side: side.rows["orphan"]},
    "demandes/": {"pk": row("request"), "act": word("record_refusal")},
    "demandes/modeles/": {"pk": row("layout")},
    "anomalies/": {"pk": row("anomaly")},
    "delegations/": {"pk": row("delegation")},
    "personnes/": {"pk": person("principal"), "person": person("principal")},
    "personnes/rattachements/": {"pk": row("joining")},
    "rattachement/": {"token": TOKEN},
    "coordonnees/": {"pk": row("contact"), "token": TOKEN},
    "couts/": {"view": word("structure")},
    "rattachements/": {"stay": row("stay"), "kind": word("arrival")},
    "dossiers/a-confirmer/": {"pk": row("sighting")},
    "engagements/": {"pk": row("engagement")},
    "operateurs/panorama/": {"structure": structure, "operator": lambda side: side.operator.pk},
    "dossiers/": {"movement": row("movement"), "step": word("auto_reply")},
    "scim/v2/": {"pk": row("scim"), "rest": word("Groups"), "schema": word("urn:x")},
    "fhir/": {"name": word("Practitioner"), "rest": word("Patient/1"),
              "resource_id": lambda side: side.people["titulaire"].rpps},
    "fhir/^(?P<name>Device": {"name": word("Device"), "rest": word("1")},
    "api/v1/^structures/": {"pk": structure},
    "api/v1/^operators/": {"pk": lambda side: side.operator.pk},
    "api/v1/^bals/": {"pk": row("org")},
    "api/v1/^people/": {"pk": person("principal")},
    "api/v1/^holders/": {"pk": row("holder")},
    "api/v1/^delegations/": {"pk": row("delegation")},
    "api/v1/^readings/": {"pk": row("reading")},
    "api/v1/^requests/": {"pk": row("request")},
    "api/v1/^annuaire/": {"pk": word("999999")},
    "api/v1/^sync_runs/": {"pk": word("999999")},
    "api/v1/^journal/": {"pk": row("entry")},
    "api/v1/^webhooks/": {"pk": row("webhook")},
    "annuaire/": {"view": word("departement"), "pk": word("999999")},
    "compte/": {"token": TOKEN, "provider_id": word("psc"), "uidb36": word("1"), "key": word("x-y"),
                "pk": word("999999")},
    "compte/droits/": {"pk": account("lecteur"), "role": row("membership"), "act": word("desactiver")},
    "compte/droits/structures/": {"structure": structure},
    "compte/droits/invitations/": {"pk": row("invitation")},
}  # fmt: skip


def told(route: Route) -> dict[str, Callable[[Side], Any]] | None:
    """What stands in its arguments; None for a route that nobody told of."""
    begins = max((begin for begin in OF if route.path.startswith(begin)), key=len, default="")
    return {name: OF[begins][name] for name in route.arguments} if begins else None


def address(route: Route, side: Side) -> str:
    """Its path, of what is this side's."""
    if not route.arguments:
        return "/" + route.path.replace("^", "").replace("$", "").replace("/?", "/")
    kwargs = {name: value(side) for name, value in told(route).items()}
    return reverse(route.name, kwargs=kwargs)
