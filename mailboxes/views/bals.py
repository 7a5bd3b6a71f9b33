"""One BAL: who can read it, what comes next, what the annuaire says of it, how it is used, what was done and told."""

from operator import attrgetter

from django.db.models import Exists, Max, OuterRef, Prefetch, Q
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from directory.models import Entry, SyncRun
from directory.pictures import pictures, public_sources
from mailboxes import actions
from mailboxes.gaps.comparison import ABSENT, NEVER_EXPECTED, compare
from mailboxes.lifecycle import (
    CORRECTING,
    EXPOSED,
    MOVABLE,
    ON_THE_WAY_OUT,
    OPENED,
    REOPENS,
    Act,
    Verb,
)
from mailboxes.models import (
    Alias,
    Anomaly,
    ApplicativeFacts,
    Bal,
    Delegataire,
    JournalEntry,
    Person,
    Request,
    situations_by_rpps,
)
from mailboxes.models.bal_sets import holder_left_in_row
from mailboxes.models.roles import sees_person
from mailboxes.notices.ahead import ahead_of
from mailboxes.notices.idleness import with_question
from mailboxes.notices.proof import with_outcomes
from mailboxes.requests.wayout import TELLING, progress
from mailboxes.rules import (
    CERTIFICATE_THRESHOLDS,
    NotAllowed,
    allows,
    check_act,
    check_ask_reply,
    check_ask_use,
    check_declare_use,
    check_end_delegation,
    check_end_reply,
    check_extend,
    check_give_secret,
    check_make_known,
    check_move,
    check_object_access,
    check_read_history,
    check_remove_cotitulaire,
    check_repair_orphan,
    check_resolve_anomaly,
    check_retract,
    check_take_over,
    check_transfer_principal,
    server_of,
)
from mailboxes.views.chain import asked_for, chain_of, printed_chain, with_stays
from mailboxes.views.files import pdf_file
from mailboxes.views.findings import attention
from mailboxes.views.frame import sees_structures
from mailboxes.views.journals import JournalList
from mailboxes.views.refusals import refused_page
from mailboxes.views.seen import bal_or_404
from mailboxes.views.space import space_facts

UNWATCHED = "sans-releve"  # the finding that the card of its use tells too
RECENT = 10


def bal(request, pk):
    row = get_object_or_404(whole(Bal.objects.visible_to(request.user)), pk=pk)
    delegations = delegations_of(row)
    stays = with_stays(row, delegations, request.user)
    may = abilities(row, delegations, request.user)
    points = attention(row, request.user)
    server = server_facts(row, request.user)
    aliases = list(row.aliases.select_related("operator")) if row.has_aliases else []
    return render(
        request,
        "mailboxes/bal.html",
        {
            "bal": row,
            **may,
            "chain": chain_of(row, may["holders"], may["delegations"]),
            "ahead": ahead_of(row, delegations=delegations, stays=stays, reply=server["reply"], aliases=aliases),
            **annuaire_facts(row),
            "aliases": aliases,
            "follows_migration": row.has_aliases and sees_structures(request.user),
            "attention": points,
            "is_unwatched": any(point["finding"].name == UNWATCHED for point in points),
            "anomalies": anomalies_of(row, request.user),
            "applicative": applicative_facts(row),
            "practitioners": practitioners(row),
            "run": SyncRun.objects.latest_public(),
            **history_facts(row, request.user),
            **space_facts(row, request.user),
            **server,
        },
    )


def whole(bals):
    """The BAL with all that its page asks of it, in as few queries as can be."""
    requests = Request.objects.select_related("operator", "person", "entry").order_by("-pk")
    beside = Bal.objects.filter(structure=OuterRef("structure"), operator=OuterRef("operator"))
    known: dict = {  # what a BAL would otherwise look for by itself
        "holder_has_left": holder_left_in_row(),
        "source_read_at": beside.order_by().values("structure").annotate(last=Max("read_at")).values("last"),
        "has_aliases": Exists(Alias.objects.filter(bal=OuterRef("pk"))),
        "has_anomalies": Exists(Anomaly.objects.open().filter(bal=OuterRef("pk"))),
    }
    return (
        with_question(bals.with_cotitulaires().with_publication())
        .annotate(**known)
        .select_related("structure__parent", "responsable", "operator__mail_server", "mail_access")
        .prefetch_related(Prefetch("requests", requests))
    )


def abilities(row: Bal, delegations: list[Delegataire], user) -> dict:
    """What `user` may do here, asked of the rules; the holders and délégataires each with what may be done to them."""
    taker = next((holder.person for holder in row.cotitulaires.all() if holder.person.is_actor(user)), Person())
    verbs = [verb for verb in EXPOSED if allows(check_move, row, verb, by=user)]
    verbs = [verb for verb in verbs if verb not in REOPENS or allows(check_retract, row, verb)]
    return {
        "verbs": [verb for verb in verbs if verb not in CORRECTING],
        "correcting": [verb for verb in verbs if verb in CORRECTING],
        # To oppose says as much: one button for one meaning.
        "can_ask_use": allows(check_ask_use, row, False, by=user),
        "can_declare": Verb.OPPOSE not in verbs and allows(check_declare_use, row, by=user),
        "can": {act.value: allows(check_act, row, act, by=user) for act in Act}
        | {Act.NAME_PRINCIPAL.value: allows(check_repair_orphan, row, by=user)}
        | {Act.MAKE_KNOWN.value: allows(check_make_known, row, by=user)}
        | {Act.MIGRATE.value: row.state in MOVABLE and allows(check_act, row, Act.MIGRATE, by=user)},
        "holders": [
            {
                "row": holder,
                "is_seen": sees_person(
                    user, holder.person, filter(attrgetter("is_seen"), holder.person.affiliations.all())
                ),
                "removable": allows(check_remove_cotitulaire, row, holder.person, by=user),
                "asked": asked_for(row, holder.person_id),
                "deniable": allows(check_object_access, holder, by=user),
                "promotable": allows(check_transfer_principal, row, holder.person, by=user),
            }
            for holder in row.cotitulaires.all()
        ],
        "delegations": [
            {
                "row": delegation,
                "asked": asked_for(row, delegation.person_id),
                "deniable": allows(check_object_access, delegation, by=user),
                "endable": allows(check_end_delegation, delegation, by=user),
                "extendable": allows(check_extend, delegation, by=user),
                "takeable": allows(check_take_over, delegation, taker, by=user),
            }
            for delegation in delegations
        ],
    }


def delegations_of(row: Bal) -> list[Delegataire]:
    """All that are not ended; those of today are kept with the BAL, where its roles look for them."""
    rows = Delegataire.objects.standing().filter(bal=row).select_related("person", "under")
    delegations = list(rows.order_by("person__family_name", "pk"))
    for delegation in delegations:
        delegation.bal = row
    row.delegations = [delegation for delegation in delegations if delegation.is_current]
    return delegations


def annuaire_facts(row: Bal) -> dict:
    entries = list(Entry.objects.filter(address=row.address))
    picture = pictures([entry for entry in entries if entry.withdrawn_at is None]).get(row.address)
    absent = not (picture and picture.is_published)
    left = [entry for entry in entries if entry.source in public_sources() and entry.withdrawn_at]
    return {
        "picture": picture,
        "absence": "" if not absent else ABSENT if row.is_expected_in_annuaire else NEVER_EXPECTED,
        "entry": max(left, key=attrgetter("withdrawn_at"), default=None) if absent else None,
        "comparison": compare(row, picture) if picture else [],
    }


def anomalies_of(row: Bal, user) -> list[dict]:
    """The misuses not closed yet."""
    if not row.has_anomalies:
        return []
    noted = row.anomalies.open().select_related("by")
    return [{"row": anomaly, "closable": allows(check_resolve_anomaly, row, anomaly, by=user)} for anomaly in noted]


def applicative_facts(row: Bal) -> dict | None:
    if row.kind != Bal.Kind.APPLICATIVE:
        return None
    facts = ApplicativeFacts.objects.filter(bal=row).select_related("answers").first()
    ends = facts and facts.certificate_expires_on
    days = (ends - timezone.localdate()).days if ends else None
    return {"facts": facts, "days": days, "is_near": days is not None and days <= max(CERTIFICATE_THRESHOLDS)}


def server_facts(row: Bal, user) -> dict:
    """The reply that a holder asked for, and what the operator's server lets us do; nothing where there is none."""
    server = server_of(row)
    reply = row.auto_replies.select_related("by").first() if server else None
    if reply:
        reply.bal = row
    access = getattr(row, "mail_access", None) if server and server.reads_space else None
    return {
        "reply": reply,
        "has_replies": reply is not None or bool(server and server.sets_replies and row.state in OPENED),
        "reply_askable": allows(check_ask_reply, row, by=user),
        "reply_endable": reply is not None and allows(check_end_reply, reply, by=user),
        "mail_access": access,
        "secret_askable": allows(check_give_secret, row, by=user),
    }


def practitioners(row: Bal) -> list[tuple]:
    """The holders whose situations d'exercice are known, each with theirs."""
    people = [holder.person for holder in row.cotitulaires.all()]
    known = situations_by_rpps(person.rpps for person in people)
    return [(person, known[person.rpps]) for person in people if person.rpps in known]


def history_facts(row: Bal, user) -> dict:
    if not allows(check_read_history, row, by=user):
        return {"can_read_history": False}
    latest = row.journal.values("pk")[:RECENT]
    wanted = Q(pk__in=latest) | Q(what__in=TELLING) if row.state in ON_THE_WAY_OUT else Q(pk__in=latest)
    lines = list(row.journal.filter(wanted).select_related("by", "person", "signatory"))
    return {
        "can_read_history": True,
        "journal": lines[:RECENT],
        "notices": with_outcomes(row.notices.select_related("person")[:RECENT]),
        "requests": row.requests.all()[:RECENT],
        "progress": progress(row, sorted(lines, key=attrgetter("pk"))),
    }


def bal_chain(request, pk, recertified):
    """Who can read it, as a document for an inspector; who took it is written down."""
    row = get_object_or_404(whole(Bal.objects.visible_to(request.user)), pk=pk)
    delegations = delegations_of(row)
    with_stays(row, delegations, request.user)
    for holder in row.cotitulaires.all():
        holder.bal = row
    holders, lent = (
        [{"row": one, "asked": asked_for(row, one.person_id)} for one in links]
        for links in (row.cotitulaires.all(), delegations)
    )
    chain = chain_of(row, holders, lent)
    actions.trace(request.user, "export", f"qui a accès à {row}")
    return pdf_file(f"acces-bal-{row.pk}", printed_chain(row, chain, recertified([row.pk]).get(row.pk)))


def bal_journal(request, pk):
    """Everything that was done and told, with the texts; who reads it is written down."""
    row = bal_or_404(pk, request.user)
    try:
        check_read_history(row, by=request.user)
    except NotAllowed as refused:
        return refused_page(request, refused, bal=row)
    actions.trace(request.user, "journal", str(row))
    loaded = JournalEntry.objects.select_related("by", "signatory").prefetch_related("notices")
    listing = JournalList(request, row.journal.all(), loaded=loaded, view_args=[row.pk])
    return render(request, "mailboxes/bal_journal.html", {"bal": row, "listing": listing, "page": listing.page})
