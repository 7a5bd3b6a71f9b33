"""The administrator's windows: who and what is known is edited here, a BAL only read and taken along its verbs."""

from django.conf import settings
from django.contrib import admin, messages
from django.utils import timezone

from directory.typography import quoted
from mailboxes import actions
from mailboxes.lifecycle import EXPOSED, Verb
from mailboxes.models import (
    AccessTrace,
    Affiliation,
    Bal,
    Contact,
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
from mailboxes.models.fields import doubts
from mailboxes.rules import Refused


class ReadOnly:
    """Nothing is added, changed or deleted here; actions remain."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


def as_admin_action(verb: Verb):
    """The verb as an entry of the admin's drop-down, bound by the same rules as everyone's."""

    @admin.action(description=verb.label)
    def act(modeladmin, request, queryset):
        done = 0
        for bal in queryset:
            try:
                actions.move(bal, verb, by=request.user, note="Depuis l’administration.")
                done += 1
            except Refused as refused:
                modeladmin.message_user(request, f"{bal} : {refused.messages[0]}", messages.WARNING)
        if done:
            modeladmin.message_user(request, f"{quoted(verb.label)} : fait pour {done} BAL.", messages.SUCCESS)

    act.__name__ = verb.value
    return act


class Doubting(admin.ModelAdmin):
    """Saves what is doubtful too, and says so."""

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        for sentence in doubts(obj):
            self.message_user(request, sentence, messages.WARNING)


class MembershipInline(ReadOnly, admin.TabularInline):
    """Given and withdrawn on the page Comptes et droits, which notes it."""

    model = Membership


class AffiliationInline(admin.TabularInline):
    """Of who is entered here. Who is in the register already comes by « Inscrire une personne », which asks those
    concerned."""

    model = Affiliation
    extra = 0
    autocomplete_fields = ["structure"]
    readonly_fields = ["left_on"]  # a departure is recorded from its file, which sees what it would leave behind

    def has_add_permission(self, request, obj=None):
        return obj is None and super().has_add_permission(request, obj)


class DomainInline(admin.TabularInline):
    model = Domain
    extra = 1


class PriceInline(admin.TabularInline):
    model = Price
    extra = 0


class CotitulaireInline(ReadOnly, admin.TabularInline):
    model = Cotitulaire


class DelegataireInline(ReadOnly, admin.TabularInline):
    model = Delegataire


@admin.register(Structure)
class StructureAdmin(Doubting):
    list_display = ["name", "kind", "town", "finess_et", "parent"]
    list_filter = ["kind"]
    list_select_related = ["parent"]
    search_fields = ["name", "finess_et", "finess_ej", "siret", "town"]
    autocomplete_fields = ["parent"]
    inlines = [MembershipInline]


@admin.register(Operator)
class OperatorAdmin(admin.ModelAdmin):
    list_display = ["name", "code", "request_email", "alert_after_months", "end_after_months", "yearly_cost"]
    search_fields = ["name", "code", "domains__name"]
    inlines = [PriceInline, DomainInline]


@admin.register(Person)
class PersonAdmin(Doubting):
    list_display = ["__str__", "rpps", "profession", "email", "user"]
    list_select_related = ["user"]
    search_fields = ["family_name", "given_name", "rpps"]
    readonly_fields = ["user"]  # tied on the page Comptes et droits, which notes it
    inlines = [AffiliationInline]

    def get_readonly_fields(self, request, obj=None):
        """The contact details of who is there already are theirs: their page announces what somebody else changes."""
        return [*self.readonly_fields, *(Contact._fields if obj else ())]

    def save_model(self, request, obj, form, change):
        if not change:
            obj.links_from = timezone.now() + settings.CONTACT_DELAY
        super().save_model(request, obj, form, change)


@admin.register(Membership)
class MembershipAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["user", "structure", "role"]
    list_filter = ["role"]
    list_select_related = ["user", "structure"]
    search_fields = ["user__username", "structure__name"]


@admin.register(Affiliation)
class AffiliationAdmin(admin.ModelAdmin):
    """A person joins a structure on the pages of people, which ask those concerned."""

    list_display = ["person", "structure", "function", "arrived_on", "left_on"]
    list_select_related = ["person", "structure"]
    search_fields = ["person__family_name", "person__rpps", "structure__name"]
    autocomplete_fields = ["person", "structure"]
    readonly_fields = ["person", "structure", "left_on"]

    def has_add_permission(self, request):
        return False


@admin.register(Movement)
class MovementAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["stay", "kind", "planned_on", "opened_by", "closed_at", "is_cancelled"]
    list_filter = ["kind", "is_cancelled"]
    list_select_related = ["stay__person", "stay__structure", "opened_by"]
    search_fields = ["stay__person__family_name", "stay__person__rpps", "stay__structure__name"]


@admin.register(Bal)
class BalAdmin(ReadOnly, admin.ModelAdmin):
    """A window, not a door: BAL are read here, and acted on only through the verbs."""

    list_display = ["address", "kind", "state", "structure", "operator", "last_used_at", "percent_full"]
    list_filter = ["kind", "state", "operator", "liste_rouge"]
    list_select_related = ["structure", "operator"]
    search_fields = ["address", "service", "description"]
    ordering = ["address"]
    inlines = [CotitulaireInline, DelegataireInline]
    actions = [as_admin_action(verb) for verb in EXPOSED]


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
    """Written by the gestionnaires on their own page, which journals it."""

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
