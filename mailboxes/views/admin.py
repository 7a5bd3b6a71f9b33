"""The administrator's windows: everything is read here, and written by the pages, whose acts are journaled."""

from django.contrib import admin

from mailboxes.models import (
    AccessTrace,
    Affiliation,
    Bal,
    Cotitulaire,
    Delegataire,
    Domain,
    JournalEntry,
    Membership,
    Movement,
    Notice,
    Operator,
    Person,
    Price,
    Reading,
    Request,
    RequestLayout,
    Structure,
)


class ReadOnly:
    """A page of the admin where nothing is added, changed or deleted."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class MembershipInline(ReadOnly, admin.TabularInline):
    model = Membership


class AffiliationInline(ReadOnly, admin.TabularInline):
    model = Affiliation


class DomainInline(ReadOnly, admin.TabularInline):
    model = Domain


class PriceInline(ReadOnly, admin.TabularInline):
    model = Price


class CotitulaireInline(ReadOnly, admin.TabularInline):
    model = Cotitulaire


class DelegataireInline(ReadOnly, admin.TabularInline):
    model = Delegataire


@admin.register(Structure)
class StructureAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "kind", "town", "finess_et", "parent"]
    list_filter = ["kind"]
    list_select_related = ["parent"]
    search_fields = ["name", "finess_et", "finess_ej", "siret", "town"]
    inlines = [MembershipInline]


@admin.register(Operator)
class OperatorAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "code", "request_email", "alert_after_months", "end_after_months", "yearly_cost"]
    search_fields = ["name", "code", "domains__name"]
    inlines = [PriceInline, DomainInline]


@admin.register(Person)
class PersonAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "rpps", "profession", "email", "user"]
    list_select_related = ["user"]
    search_fields = ["family_name", "given_name", "rpps"]
    inlines = [AffiliationInline]


@admin.register(Membership)
class MembershipAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["user", "structure", "role"]
    list_filter = ["role"]
    list_select_related = ["user", "structure"]
    search_fields = ["user__username", "structure__name"]


@admin.register(Affiliation)
class AffiliationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["person", "structure", "function", "arrived_on", "left_on"]
    list_select_related = ["person", "structure"]
    search_fields = ["person__family_name", "person__rpps", "structure__name"]


@admin.register(Movement)
class MovementAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["stay", "kind", "planned_on", "opened_by", "closed_at", "is_cancelled"]
    list_filter = ["kind", "is_cancelled"]
    list_select_related = ["stay__person", "stay__structure", "opened_by"]
    search_fields = ["stay__person__family_name", "stay__person__rpps", "stay__structure__name"]


@admin.register(Bal)
class BalAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["address", "kind", "state", "structure", "operator", "last_used_at", "percent_full"]
    list_filter = ["kind", "state", "operator", "liste_rouge"]
    list_select_related = ["structure", "operator"]
    search_fields = ["address", "service", "description"]
    ordering = ["address"]
    inlines = [CotitulaireInline, DelegataireInline]


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "bal", "get_what_display", "by", "before", "after", "told_at"]
    list_select_related = ["bal", "by"]
    search_fields = ["bal__address"]
    show_full_result_count = False


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["created_at", "bal", "stage", "recipient", "channel", "sent_at", "attempts"]
    list_filter = ["channel", "party"]
    list_select_related = ["bal"]
    search_fields = ["bal__address", "recipient", "address"]
    show_full_result_count = False


@admin.register(Request)
class RequestAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["created_at", "kind", "address", "operator", "stage", "due_on"]
    list_filter = ["stage", "kind", "operator"]
    list_select_related = ["operator"]
    search_fields = ["address"]
    exclude = ["lines"]
    show_full_result_count = False


@admin.register(RequestLayout)
class RequestLayoutAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["operator", "kind", "structure", "subject"]
    list_select_related = ["operator", "structure"]
    search_fields = ["operator__name", "subject"]


@admin.register(AccessTrace)
class AccessTraceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "user", "what", "target"]
    list_select_related = ["user"]
    search_fields = ["user__username", "target"]


@admin.register(Reading)
class ReadingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "bal", "source", "last_used_at", "used_mb", "quota_mb"]
    list_filter = ["source"]
    list_select_related = ["bal"]
    search_fields = ["bal__address"]
    show_full_result_count = False
