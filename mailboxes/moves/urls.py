from django.urls import path

from mailboxes.moves import place_views, prepare_views, views

urlpatterns = [
    path("migrations/", views.migration_list, name="migration-list"),
    path("migrations/choisir/", prepare_views.migration_select, name="migration-select"),
    path("migrations/<int:pk>/", views.migration, name="migration"),
    path("migrations/<int:pk>/lancer/", views.LaunchMigrationView.as_view(), name="migration-launch"),
    path("migrations/<int:pk>/annuler/", views.UndoMigrationView.as_view(), name="migration-undo"),
    path("migrations/<int:pk>/basculer/", views.SwitchView.as_view(), name="migration-switch"),
    path("migrations/<int:pk>/fermer/", views.CloseFormersView.as_view(), name="migration-close"),
    path("migrations/<int:pk>/bal/<int:row>/retirer/", views.LeaveView.as_view(), name="migration-leave"),
    path("bal/<int:pk>/migration/", views.bal_migration, name="bal-migration"),
    path("structures/<int:structure>/migrer/", prepare_views.PrepareView.as_view(), name="migration-new"),
    path("structures/<int:structure>/deplacer/", place_views.MoveServiceView.as_view(), name="service-move"),
    path("structures/<int:structure>/fusionner/", place_views.MergeView.as_view(), name="structure-merge"),
    path("structures/<int:structure>/fermer/", place_views.CloseStructureView.as_view(), name="structure-close"),
    path("structures/<int:structure>/finess/", place_views.FinessView.as_view(), name="structure-finess"),
    path("structures/<int:structure>/changements/", place_views.place_moves, name="place-moves"),
    path("changements/<int:pk>/reprendre/", place_views.UndoMoveView.as_view(), name="place-move-undo"),
]
