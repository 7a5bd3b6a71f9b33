"""The declaration of accessibility, which whoever comes may read."""

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.sqlite_run, pytest.mark.django_db]


def test_the_declaration_is_open_and_each_page_leads_to_it(client, settings):
    settings.SERVICE_EMAIL = ["exploitation@exemple.fr"]
    page = client.get(reverse("accessibility"))
    assert page.status_code == 200
    assert "<strong>Non conforme</strong>" in page.text, "what the RGAA calls a service that no audit has measured"
    assert "exploitation@exemple.fr" not in page.text, "not to whoever comes"
    assert f'href="{reverse("accessibility")}"' in client.get(reverse("account_login")).text


def test_it_has_every_part_of_the_model_in_its_order(client):
    """Of the RGAA, « modèle de déclaration d’accessibilité »; and its three ways to the Défenseur des droits."""
    text = " ".join(client.get(reverse("accessibility")).text.split())
    parts = [
        "loi n° 2005-102 du 11 février 2005", "schéma pluriannuel", "actions déjà réalisées", "plan d’actions",
        "s’applique à BAL Manager", "État de conformité", "aucun résultat d’audit en cours de validité",
        "Résultats des tests", "Aucun audit de conformité", "Contenus non accessibles", "Non-conformités",
        "Dérogations pour charge disproportionnée", "Contenus non soumis",
        "Établissement de cette déclaration d’accessibilité", "a été établie le", "a été mise à jour le",
        "Technologies utilisées pour la réalisation", "Environnement de test", "Outils pour évaluer l’accessibilité",
        "Pages ayant fait l’objet de la vérification de conformité", "Retour d’information et contact",
        "Voies de recours", "https://formulaire.defenseurdesdroits.fr/",
        "https://www.defenseurdesdroits.fr/saisir/delegues", "Libre réponse 71120",
    ]  # fmt: skip
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_who_logs_in_reads_whom_to_tell(admin_client, settings):
    settings.SERVICE_EMAIL = ["exploitation@exemple.fr"]
    assert "exploitation@exemple.fr" in admin_client.get(reverse("accessibility")).text


def test_the_body_that_runs_the_service_is_named_to_whoever_comes(client, settings):
    assert "L’organisme qui fait fonctionner ce service s’engage" in client.get(reverse("accessibility")).text
    settings.ACCESSIBILITY_ORGANISME = "CH <Trois> Rivières"
    settings.ACCESSIBILITY_PLAN_URL = "https://ch.exemple.fr/accessibilite"
    text = client.get(reverse("accessibility")).text
    assert "CH &lt;Trois&gt; Rivières s’engage" in text
    assert "CH &lt;Trois&gt; Rivières le" in text
    assert '<a href="https://ch.exemple.fr/accessibilite" rel="noreferrer">' in text
    assert "L’organisme" not in text
