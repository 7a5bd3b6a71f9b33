"""The copy and its history, to be looked at: only a sync writes them."""

from django.contrib import admin

from directory.models import Activity, Change, Entry, RejectedLine, SyncRun, TrustedDomain


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = [
        "source",
        "started_at",
        "status",
        "lines",
        "rejected",
        "appeared",
        "changed",
        "withdrawn",
        "seconds",
    ]
    list_filter = ["source", "status"]


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["address", "kind", "family_name", "given_name", "structure_name", "withdrawn_at"]
    search_fields = ["address__startswith", "person_id__exact", "structure_id__exact"]
    show_full_result_count = False  # half a million rows are not counted for each search
    list_filter = ["source", "kind"]


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ["person_id", "family_name", "given_name", "profession", "structure_name", "mode", "withdrawn_at"]
    search_fields = ["national_id__exact", "person_id__exact", "family_name__istartswith"]


@admin.register(TrustedDomain)
class TrustedDomainAdmin(ReadOnlyAdmin):
    list_display = ["name", "operator", "operator_siret", "updated_on", "withdrawn_at"]
    search_fields = ["name__startswith", "operator__icontains"]


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = ["address", "kind", "run"]
    list_select_related = ["run"]
    search_fields = ["address__startswith"]
    show_full_result_count = False


@admin.register(RejectedLine)
class RejectedLineAdmin(ReadOnlyAdmin):
    list_display = ["run", "number", "reason"]
    list_select_related = ["run"]
