from django.urls import include, path, register_converter
from django.urls.converters import StringConverter
from rest_framework.routers import SimpleRouter

from mailboxes.api.views import BalViewSet
from mailboxes.lifecycle import EXPOSED
from mailboxes.views import acts, bals, claims, dashboard, gaps, holders, imports, mine, people, register


class ExposedVerb(StringConverter):
    regex = "|".join(sorted(EXPOSED, key=len, reverse=True))


register_converter(ExposedVerb, "verb")

api = SimpleRouter()
api.register("bals", BalViewSet, basename="api-bal")

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("mes-bal/", mine.my_bals, name="my-bals"),
    path("mes-bal/reponse/", claims.claim_answer, name="claim-answer"),
    path("mes-bal/guide/<int:claim>/", claims.claim_guide, name="claim-guide"),
    path("adresses/<str:token>/", claims.claims_link, name="claims-link"),
    path("ecarts/", gaps.gap_list, name="gap-list"),
    path("ecarts/export.csv", gaps.gap_export, name="gap-export"),
    path("ecarts/lot/", gaps.gap_bulk, name="gap-bulk"),
    path("ecarts/<slug:situation>/<int:structure>/<str:address>/", gaps.gap, name="gap"),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/nouveau/", imports.ImportNewView.as_view(), name="import-new"),
    path("imports/modele.csv", imports.import_template, name="import-template"),
    path("imports/<int:pk>/", imports.import_page, name="import"),
    path("imports/<int:pk>/colonnes/", imports.ImportColumnsView.as_view(), name="import-columns"),
    path("imports/<int:pk>/appliquer/", imports.ImportApplyView.as_view(), name="import-apply"),
    path("imports/<int:pk>/annuler/", imports.ImportUndoView.as_view(), name="import-undo"),
    path("imports/<int:pk>/rapport.csv", imports.import_report, name="import-report"),
    path("imports/<int:pk>/rejets.csv", imports.import_rejects, name="import-rejects"),
    path("bal/", register.bal_list, name="bal-list"),
    path("bal/export.csv", register.bal_export, name="bal-export"),
    path("bal/lot/", register.bal_bulk, name="bal-bulk"),
    path("bal/inscrire/", acts.RegisterView.as_view(), name="bal-new"),
    path("bal/<int:pk>/", bals.bal, name="bal"),
    path("bal/<int:pk>/journal/", bals.bal_journal, name="bal-journal"),
    path("bal/<int:pk>/modifier/", acts.DescribeView.as_view(), name="bal-edit"),
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
    path("delegations/<int:pk>/terminer/", holders.EndDelegationView.as_view(), name="delegation-end"),
    path("personnes/inscrire/", acts.RecordPersonView.as_view(), name="person-new"),
    path("personnes/suggestions/", people.person_suggest, name="person-suggest"),
    path("api/v1/", include(api.urls)),
]
