from django.urls import include, path, register_converter
from django.urls.converters import StringConverter
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from mailboxes.api.annuaire import EntryViewSet, RunViewSet
from mailboxes.api.check import CheckView
from mailboxes.api.journal import FindingsView, JournalViewSet
from mailboxes.api.people import DelegationViewSet, HolderViewSet, PersonViewSet
from mailboxes.api.places import OperatorViewSet, StructureViewSet
from mailboxes.api.readings import ReadingViewSet
from mailboxes.api.requests import RequestViewSet
from mailboxes.api.resolve import ResolveView
from mailboxes.api.statement import statement_keys
from mailboxes.campaigns.api import RegisterViewSet
from mailboxes.campaigns.filters import RegisterFilter
from mailboxes.campaigns.models import recertified_on
from mailboxes.lifecycle import BY_HAND, EXPOSED, Verb
from mailboxes.models import Movement
from mailboxes.software.api import WebhookViewSet
from mailboxes.views import (
    accesses,
    acts,
    aliases,
    anomalies,
    bals,
    batches,
    claims,
    contacts,
    corrections,
    costs,
    departures,
    gaps,
    holders,
    indicators,
    joining,
    layouts,
    lists,
    mine,
    movements,
    notices,
    own_words,
    people,
    places,
    preferences,
    recorded_accesses,
    register,
    requests,
    savings,
    side_by_side,
    sightings,
    space,
    start,
    thresholds,
    wayout,
)


class ExposedVerb(StringConverter):
    regex = "|".join(sorted(EXPOSED, key=len, reverse=True))


class MovementKind(StringConverter):
    regex = "|".join(Movement.Kind.values)


class RequestAct(StringConverter):
    regex = "|".join(BY_HAND)


register_converter(ExposedVerb, "verb")
register_converter(MovementKind, "kind")
register_converter(RequestAct, "request_act")

api = SimpleRouter()
for _prefix, _resource in {
    "structures": StructureViewSet,
    "operators": OperatorViewSet,
    "bals": RegisterViewSet,
    "people": PersonViewSet,
    "holders": HolderViewSet,
    "delegations": DelegationViewSet,
    "readings": ReadingViewSet,
    "requests": RequestViewSet,
    "annuaire": EntryViewSet,
    "sync_runs": RunViewSet,
    "journal": JournalViewSet,
    "webhooks": WebhookViewSet,
}.items():
    api.register(_prefix, _resource, basename=f"api-{_prefix.rstrip('s')}")

# The core knows no campaign: it is told here how to ask them.
REVIEWS = {"recertified": recertified_on}

api_v1 = [
    path("resolve/", ResolveView.as_view(), name="api-resolve"),
    path("check/", CheckView.as_view(), name="api-check"),
    path("findings/", FindingsView.as_view(), name="api-findings"),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="api-docs"),
    *api.urls,
]
urlpatterns = [
    # Software asks all day long, and Django tries every address before the one that is asked.
    path("api/v1/", include(api_v1)),
    path("fhir/", include("mailboxes.api.fhir.urls")),
    path("scim/v2/", include("mailboxes.software.scim.urls")),
    path(".well-known/jwks.json", statement_keys, name="statement-keys"),
    # The rooms above the core come first: what they add to an address of the core must not be taken for a verb.
    path("", include("mailboxes.openings.urls")),
    path("", include("mailboxes.imports.urls")),
    path("", include("mailboxes.campaigns.urls")),
    path("", include("mailboxes.engagements.urls")),
    path("", include("mailboxes.kit.urls")),
    path("", include("mailboxes.offers.urls")),
    path("", include("mailboxes.protocol.urls")),
    path("", include("mailboxes.software.urls")),
    path("", include("mailboxes.inbox.urls")),
    path("", include("mailboxes.find.urls")),
    path("", include("mailboxes.mailserver.urls")),
    path("", include("mailboxes.moves.urls")),
    path("mise-en-route/", start.start, name="start"),
    path("mise-en-route/passer/", start.start_pass, name="start-pass"),
    path("structures/", places.structure_list, name="structure-list"),
    path("structures/comparer/", side_by_side.side_by_side, name="structure-compare"),
    path("structures/comparer.csv", side_by_side.export, {"form": "csv"}, name="structure-compare-csv"),
    path("structures/comparer.xlsx", side_by_side.export, {"form": "xlsx"}, name="structure-compare-xlsx"),
    path("structures/nouvelle/", places.RecordStructureView.as_view(), name="structure-new"),
    path("structures/<int:structure>/", places.structure, name="structure"),
    path("structures/<int:structure>/modifier/", places.DescribeStructureView.as_view(), name="structure-edit"),
    path("avis/textes/", own_words.notice_texts, name="notice-texts"),
    path("avis/textes/<int:pk>/", own_words.texts_of, name="notice-texts-of"),
    path("avis/textes/<int:pk>/<slug:kind>/", own_words.WriteWordsView.as_view(), name="own-words"),
    path("seuils/", thresholds.threshold_list, name="threshold-list"),
    path("seuils/<slug:name>/", thresholds.ThresholdView.as_view(), name="threshold"),
    path("indicateurs/", indicators.indicators, name="indicators"),
    path("indicateurs/export.xlsx", indicators.indicators_xlsx, name="indicators-xlsx"),
    path("indicateurs/export.pdf", indicators.indicators_pdf, name="indicators-pdf"),
    path("mes-bal/", mine.my_bals, name="my-bals"),
    path("mes-bal/reponse/", claims.claim_answer, name="claim-answer"),
    path("mes-bal/guide/<int:claim>/", claims.claim_guide, name="claim-guide"),
    path("mes-bal/privilegiee/", preferences.preference_choose, name="preference-choose"),
    path("privilegiees/", preferences.preference_list, name="preference-list"),
    path("privilegiees/export.csv", preferences.preference_export, name="preference-export"),
    path("privilegiees/demander/", preferences.preference_request, name="preference-request"),
    path("adresses/<str:token>/", claims.claims_link, name="claims-link"),
    path("ecarts/", gaps.gap_list, name="gap-list"),
    path("ecarts/export.csv", gaps.gap_export, name="gap-export"),
    path("ecarts/lot/", gaps.gap_bulk, name="gap-bulk"),
    path("ecarts/<slug:situation>/<int:structure>/<str:address>/", gaps.gap, name="gap"),
    path("demandes/", requests.request_list, name="request-list"),
    path("demandes/fichier/", requests.request_file, name="request-file"),
    path("demandes/lot/", requests.request_bulk, name="request-bulk"),
    path("demandes/modeles/", layouts.layout_list, name="layout-list"),
    path("demandes/modeles/nouveau/", layouts.LayoutView.as_view(), name="layout-new"),
    path("demandes/modeles/<int:pk>/", layouts.LayoutView.as_view(), name="layout"),
    path("demandes/modeles/<int:pk>/supprimer/", layouts.DeleteLayoutView.as_view(), name="layout-delete"),
    path("demandes/<int:pk>/", requests.request, name="request"),
    path("demandes/<int:pk>/<request_act:act>/", requests.RequestStepView.as_view(), name="request-step"),
    path("bal/", register.bal_list, {"filterset": RegisterFilter}, name="bal-list"),
    path("bal/export.csv", register.bal_export, {"filterset": RegisterFilter}, name="bal-export"),
    path(
        "bal/export.xlsx",
        register.bal_export,
        {"filterset": RegisterFilter, "form": "xlsx"},
        name="bal-export-xlsx",
    ),
    path("bal/lot/", register.bal_bulk, {"filterset": RegisterFilter}, name="bal-bulk"),
    path("listes/<slug:listing>/affichage/", lists.list_taste, name="list-taste"),
    path("listes/<slug:listing>/vues/", lists.view_save, name="view-save"),
    path("vues/", lists.view_list, name="view-list"),
    path("vues/<int:pk>/", lists.view_change, name="view-change"),
    path("lots/", batches.batch_list, name="batch-list"),
    path("lots/<int:pk>/", batches.batch, name="batch"),
    path("lots/<int:pk>/arreter/", batches.batch_stop, name="batch-stop"),
    path("lots/<int:pk>/annuler/", batches.batch_undo, name="batch-undo"),
    path("j-agis-pour/", lists.place_choose, name="place-choose"),
    path("j-agis-pour/proposer/", lists.place_suggest, name="place-suggest"),
    path("bal/inscrire/", acts.RegisterView.as_view(), name="bal-new"),
    path("bal/<int:pk>/", bals.bal, name="bal"),
    path("bal/<int:pk>/espace/", space.MoreSpaceView.as_view(), name="bal-space"),
    path("bal/<int:pk>/acces.pdf", bals.bal_chain, REVIEWS, name="bal-chain"),
    path("bal/<int:pk>/journal/", bals.bal_journal, name="bal-journal"),
    path("bal/<int:pk>/avis/", notices.bal_notices, name="bal-notices"),
    path("bal/<int:pk>/demander-sa-suppression/", notices.AskDeletionView.as_view(), name="bal-ask-deletion"),
    path("bal/<int:pk>/demander-si-elle-sert/", notices.AskUseView.as_view(), name="bal-ask-use"),
    path("bal/<int:pk>/modifier/", acts.DescribeView.as_view(), name="bal-edit"),
    path("bal/<int:pk>/acces/", recorded_accesses.AccessView.as_view(), name="bal-access"),
    path(
        "bal/<int:pk>/acces/<int:person>/dementir/",
        recorded_accesses.ObjectAccessView.as_view(),
        name="bal-access-object",
    ),
    path("bal/<int:pk>/alias/", aliases.AddAliasView.as_view(), name="bal-alias"),
    path("bal/alias/<int:alias>/retirer/", aliases.DropAliasView.as_view(), name="alias-drop"),
    path("bal/<int:pk>/corriger/", corrections.CorrectView.as_view(), name="bal-correct"),
    path(f"bal/<int:pk>/{Verb.REQUEST_DEPUBLICATION}/", wayout.DepublishView.as_view(), name="bal-depublish"),
    path("bal/<int:pk>/<verb:verb>/", acts.MoveView.as_view(), name="bal-verb"),
    path("bal/<int:pk>/cotitulaires/ajouter/", holders.AddCotitulaireView.as_view(), name="bal-holder-add"),
    path(
        "bal/<int:pk>/cotitulaires/<int:person>/retirer/",
        holders.RemoveCotitulaireView.as_view(),
        name="bal-holder-remove",
    ),
    path(
        "bal/<int:pk>/cotitulaires/<int:person>/principal/",
        holders.TransferPrincipalView.as_view(),
        name="bal-principal-transfer",
    ),
    path("bal/<int:pk>/principal/", holders.NamePrincipalView.as_view(), name="bal-principal-name"),
    path("bal/<int:pk>/delegations/ajouter/", holders.DelegateView.as_view(), name="bal-delegate"),
    path("bal/<int:pk>/je-m-en-sers/", acts.DeclareUseView.as_view(), name="bal-declare-use"),
    path("bal/<int:pk>/anomalies/signaler/", anomalies.NoteAnomalyView.as_view(), name="bal-anomaly"),
    path("bal/<int:pk>/applicative/", anomalies.DescribeApplicativeView.as_view(), name="bal-applicative"),
    path("anomalies/<int:pk>/clore/", anomalies.ResolveAnomalyView.as_view(), name="anomaly-resolve"),
    path("delegations/<int:pk>/terminer/", holders.EndDelegationView.as_view(), name="delegation-end"),
    path("acces/", accesses.access_list, REVIEWS, name="access-list"),
    path("acces/export.xlsx", accesses.access_export, {"form": "xlsx", **REVIEWS}, name="access-xlsx"),
    path("acces/export.pdf", accesses.access_export, {"form": "pdf", **REVIEWS}, name="access-pdf"),
    path("avis/", notices.notice_list, name="notice-list"),
    path("avis/<int:pk>/remis/", notices.GiveNoticeView.as_view(), name="notice-give"),
    path("avis/<int:pk>/renvoyer/", notices.ResendNoticeView.as_view(), name="notice-resend"),
    path("avis/repondre/<str:token>/", notices.notice_link, name="notice-link"),
    path("mes-preferences/", contacts.my_preferences, name="my-preferences"),
    path("personnes/<int:pk>/prevenir/", contacts.PreferencesView.as_view(), name="person-preferences"),
    path("coordonnees/<int:pk>/repondre/", contacts.contact_answer, name="contact-answer"),
    path("coordonnees/<str:token>/", contacts.contact_link, name="contact-link"),
    path("personnes/rattachements/", joining.joining_list, name="joining-list"),
    path("personnes/rattachements/<int:pk>/repondre/", joining.joining_answer, name="joining-answer"),
    path("rattachement/<str:token>/", joining.joining_link, name="joining-link"),
    path("couts/", costs.costs, name="costs"),
    path("economies/", savings.savings, name="savings"),
    path("economies/demander/", savings.AskView.as_view(), name="savings-ask"),
    path("couts/<slug:view>.csv", costs.cost_export, {"form": "csv"}, name="costs-csv"),
    path("couts/<slug:view>.xlsx", costs.cost_export, {"form": "xlsx"}, name="costs-xlsx"),
    path("operateurs/", costs.operators, name="operators"),
    path("operateurs/nouveau/", places.RecordOperatorView.as_view(), name="operator-new"),
    path("operateurs/<int:operator>/modifier/", places.DescribeOperatorView.as_view(), name="operator-edit"),
    path("operateurs/<int:operator>/domaines/<int:domain>/", places.ReserveDomainView.as_view(), name="domain-reserve"),
    path("delegations/<int:pk>/reprendre/", holders.TakeOverDelegationView.as_view(), name="delegation-take-over"),
    path("delegations/<int:pk>/demander/", holders.AskExtensionView.as_view(), name="delegation-ask"),
    path("delegations/<int:pk>/prolonger/", holders.ExtendDelegationView.as_view(), name="delegation-extend"),
    path("personnes/", people.person_list, name="person-list"),
    path("personnes/inscrire/", people.RecordPersonView.as_view(), name="person-new"),
    path("personnes/<int:person>/", people.person, name="person"),
    path("personnes/<int:person>/modifier/", people.DescribePersonView.as_view(), name="person-edit"),
    path("personnes/<int:person>/corriger/", corrections.CorrectPersonView.as_view(), name="person-correct"),
    path("personnes/<int:person>/journal/", people.person_journal, name="person-journal"),
    path("personnes/<int:person>/donnees/", people.person_data, name="person-data"),
    path("personnes/<int:person>/roles/", movements.RolesView.as_view(), name="person-roles"),
    path("rattachements/<int:stay>/roles/demander/", departures.AskHandoverView.as_view(), name="handover-ask"),
    path("rattachements/<int:stay>/depart/", departures.DepartureView.as_view(), name="departure-record"),
    path("rattachements/<int:stay>/depart/annuler/", departures.CancelDepartureView.as_view(), name="departure-cancel"),
    path("rattachements/<int:stay>/preparer/<kind:kind>/", departures.OpenMovementView.as_view(), name="movement-open"),
    path("dossiers/a-confirmer/", sightings.sighting_list, name="sighting-list"),
    path("dossiers/a-confirmer/<int:pk>/ecarter/", sightings.DismissSightingView.as_view(), name="sighting-dismiss"),
    path("dossiers/", movements.movement_list, name="movement-list"),
    path("dossiers/<int:movement>/", movements.movement, name="movement"),
    path("dossiers/<int:movement>/clore/", movements.CloseMovementView.as_view(), name="movement-close"),
    path("dossiers/<int:movement>/annuler/", movements.CancelMovementView.as_view(), name="movement-cancel"),
    path("dossiers/<int:movement>/etapes/<slug:step>/", movements.MovementStepView.as_view(), name="movement-step"),
    path(
        "dossiers/<int:movement>/etapes/<slug:step>/rouvrir/",
        movements.ReopenStepView.as_view(),
        name="movement-step-reopen",
    ),
    path("personnes/suggestions/", people.person_suggest, name="person-suggest"),
]
