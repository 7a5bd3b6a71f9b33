"""Every change of the tables that a test must notice: rows emptied, roles, states and parties taken away or added."""

import sys
from collections.abc import Iterator

from mailboxes import gaps, lifecycle
from mailboxes.findings import table as findings
from mailboxes.lifecycle import Party, Role, State, Verb
from mailboxes.models import checklists as movements
from tests.mutants import Mutant

MATRIX = "test_matrix.py"
OF_MOVES = ("test_lifecycle.py", "test_notices.py", "test_corrections.py")
OF_REQUESTS = (
    "test_lifecycle.py",
    "test_rules.py",
    "test_steps.py",
    "test_requests.py",
    "test_wayout.py",
    "test_openings.py",
    "test_register.py",
)
OF_MOVEMENTS = ("test_each_step.py", "test_movements.py", "test_departures.py", "test_chain.py")


def mutants() -> Iterator[Mutant]:
    yield from of_roles()
    yield from of_moves()
    yield from of_requests()
    yield from of_findings()
    yield from of_situations()
    yield from of_checklists()


def of_roles() -> Iterator[Mutant]:
    for what in [*lifecycle.BY_VERB, *lifecycle.WHO_MAY]:
        table = "TRANSITIONS" if isinstance(what, Verb) else "WHO_MAY"
        roles = lifecycle.BY_VERB[what].by if isinstance(what, Verb) else lifecycle.WHO_MAY[what]
        changed = {"emptied": frozenset()}
        changed |= {f"without {role}": roles - {role} for role in sorted(roles) if len(roles) > 1}
        changed |= {f"with {role}": roles | {role} for role in Role if role not in roles}
        for change, new in changed.items():
            yield Mutant(table, what, change, lambda what=what, new=new: set_roles(what, new), (MATRIX,), f"[{what}")


def of_moves() -> Iterator[Mutant]:
    drawn = "drawn["  # moves.txt
    for verb, line in lifecycle.BY_VERB.items():
        for state in sorted(line.before):
            new = line._replace(before=line.before - {state})
            yield Mutant(
                "TRANSITIONS", verb, f"not from {state}", lambda new=new: set_line(new), OF_MOVES, f"{drawn}{verb}]"
            )
        for state in State:
            if state != line.after:
                new = line._replace(after=state)
                yield Mutant(
                    "TRANSITIONS", verb, f"to {state}", lambda new=new: set_line(new), OF_MOVES, f"{drawn}{verb}]"
                )
        for party in (Party.HOLDERS, Party.GESTIONNAIRES):  # others hear of a request, or of accesses
            new = line._replace(tells=line.tells ^ {party})
            change = f"tells {party}" if party in new.tells else f"tells no {party}"
            yield Mutant("TRANSITIONS", verb, change, lambda new=new: set_line(new), OF_MOVES, f"{drawn}{verb}]")


def of_requests() -> Iterator[Mutant]:
    for name in ("OPENS", "SETTLES", "REOPENS", "FOLLOWS", "AWAITS", "SHOWN_ONCE_DONE", "STEPS"):
        table = getattr(lifecycle, name)
        for key in list(table):
            yield Mutant(name, str(key), "removed", lambda table=table, key=key: table.pop(key), OF_REQUESTS)
    for act, step in lifecycle.STEPS.items():
        for stage in sorted(step.before):
            new = step._replace(before=step.before - {stage})
            change = lambda act=act, new=new: lifecycle.STEPS.update({act: new})  # noqa: E731
            yield Mutant("STEPS", act, f"not from {stage}", change, OF_REQUESTS)
    for what, settled in lifecycle.SETTLES.items():
        for one in settled if len(settled) > 1 else ():
            new = [other for other in settled if other != one]
            change = lambda what=what, new=new: lifecycle.SETTLES.update({what: new})  # noqa: E731
            yield Mutant("SETTLES", what, f"not {one[0]}", change, OF_REQUESTS)
    for name in (
        "PUBLISHES_AGAIN", "STARTS_THE_CLOCK", "CORRECTING", "OF_ACCESSES", "EVEN_AFTER_DEPARTURE", "SHOWN_NO_HISTORY",
    ):  # fmt: skip
        for one in sorted(getattr(lifecycle, name)):
            new = getattr(lifecycle, name) - {one}
            files = (*OF_REQUESTS, *OF_MOVES, "test_usage.py", "test_accesses.py", "test_people.py", "test_pages.py")
            yield Mutant(name, one, "removed", lambda name=name, new=new: rebind(name, new), files)


def of_findings() -> Iterator[Mutant]:
    for row in list(findings.FINDINGS):
        yield Mutant("FINDINGS", row.name, "removed", lambda row=row: replace_everywhere(row), says=row.name)
        for change, new in of_a_finding(row).items():
            apply = lambda row=row, new=new: replace_everywhere(row, new)  # noqa: E731
            yield Mutant("FINDINGS", row.name, change, apply, says=row.name)


def of_a_finding(row) -> dict:
    """What a situation says is that of the gaps."""
    if row.holds:
        return {f"holds: {is_so}": row._replace(holds=lambda is_so=is_so: is_so) for is_so in (True, False)}
    if row.situation:
        return {}
    rows = row.about
    return {
        f"{rows}: none": row._replace(**{rows: lambda found: found.none()}),
        f"{rows}: all": row._replace(**{rows: lambda found: found}),
    }


def of_situations() -> Iterator[Mutant]:
    for row in list(gaps.SITUATIONS):
        files = ("test_each_gap.py", "test_gaps.py")
        changes = {
            "finds nothing": row._replace(rows=f"SELECT * FROM ({row.rows}) every WHERE 1 = 0"),
            "absence": row._replace(concludes_absence=not row.concludes_absence),
            "asks nothing": row._replace(request="", asks=None),
        }
        changes |= {
            f"without {one}": row._replace(remedies=tuple(other for other in row.remedies if other != one))
            for one in row.remedies
        }
        yield Mutant("SITUATIONS", row.name, "removed", lambda row=row: replace_everywhere(row), files, says=row.name)
        for change, new in changes.items():
            if new != row:
                apply = lambda row=row, new=new: replace_everywhere(row, new)  # noqa: E731
                yield Mutant("SITUATIONS", row.name, change, apply, files, says=row.name)


def of_checklists() -> Iterator[Mutant]:
    both = frozenset({Role.GESTIONNAIRE, Role.TITULAIRE})
    for row in list(movements.STEPS):
        changes = {
            "a person says": row._replace(seen=None),
            "skipped or not": row._replace(may_skip=not row.may_skip),
            "by others": row._replace(by=both if row.by != both else both - {Role.TITULAIRE}),
        }
        yield Mutant("movements.STEPS", row.name, "removed", lambda row=row: replace_everywhere(row), OF_MOVEMENTS)
        for change, new in changes.items():
            if new != row:
                apply = lambda row=row, new=new: replace_everywhere(row, new)  # noqa: E731
                yield Mutant("movements.STEPS", row.name, change, apply, OF_MOVEMENTS)


# --- How a table is changed -------------------------------------------------------------------------------------------
def set_roles(what, roles) -> None:
    if isinstance(what, Verb):
        set_line(lifecycle.BY_VERB[what]._replace(by=roles))
    else:
        lifecycle.WHO_MAY[what] = roles


def set_line(line) -> None:
    lifecycle.TRANSITIONS[:] = [line if old.verb == line.verb else old for old in lifecycle.TRANSITIONS]
    lifecycle.BY_VERB[line.verb] = line


def _globals() -> Iterator[tuple[object, str, object]]:
    for module in [module for name, module in sys.modules.items() if name.startswith("mailboxes")]:
        for name, value in list(vars(module).items()):
            yield module, name, value


def rebind(name: str, value: object) -> None:
    for module, other, _ in _globals():
        if other == name:
            setattr(module, name, value)


def replace_everywhere(row, *new) -> None:
    """In the table, and in what was made of it when the modules were read."""
    for _, _, value in list(_globals()):
        if isinstance(value, list):
            value[:] = [one for old in value for one in (new if old is row else [old])]
        elif isinstance(value, dict):
            for key in [key for key, one in value.items() if one is row]:
                del value[key]
                value.update((key, one) for one in new)
    for finding in [one for one in findings.FINDINGS if one.situation is row]:
        replace_everywhere(finding, *[finding._replace(situation=one) for one in new])
