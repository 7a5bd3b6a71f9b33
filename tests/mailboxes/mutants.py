"""Every change of the tables that a test must notice: rows emptied, roles, states and parties taken away or added."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from mailboxes import gaps, lifecycle
from mailboxes.findings import table as findings
from mailboxes.lifecycle import Party, Role, Verb
from mailboxes.models import checklists as movements

MATRIX = "test_matrix.py"
OF_REQUESTS = ("test_steps.py", "test_requests.py", "test_wayout.py", "test_openings.py", "test_register.py")
FOLDER = Path(__file__).parent


class Mutant(NamedTuple):
    table: str
    row: str
    change: str
    apply: Callable[[], object]
    files: tuple[str, ...]  # where a test could notice it
    words: str = ""  # of the ids of those tests


NONE = Mutant("", "", "nothing", lambda: None, ("test_steps.py",), "alice")


def mutants() -> Iterator[Mutant]:
    yield from of_roles()
    yield from of_moves()
    yield from of_requests()
    for name, rows in {
        "FINDINGS": findings.FINDINGS,
        "SITUATIONS": gaps.SITUATIONS,
        "movements.STEPS": movements.STEPS,
    }.items():
        for row in list(rows):
            yield Mutant(name, row.name, "removed", lambda row=row: remove_everywhere(row), files_naming(row.name))


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
    files = ("test_lifecycle.py", "test_notices.py", *OF_REQUESTS)
    for verb, line in lifecycle.BY_VERB.items():
        for state in sorted(line.before):
            new = line._replace(before=line.before - {state})
            yield Mutant("TRANSITIONS", verb, f"not from {state}", lambda new=new: set_line(new), files)
        for party in Party:
            new = line._replace(tells=line.tells ^ {party})
            change = f"tells {party}" if party in new.tells else f"tells no {party}"
            yield Mutant("TRANSITIONS", verb, change, lambda new=new: set_line(new), files)


def of_requests() -> Iterator[Mutant]:
    for name in ("OPENS", "SETTLES", "FOLLOWS", "AWAITS", "STEPS"):
        table = getattr(lifecycle, name)
        for key in list(table):
            yield Mutant(name, str(key), "removed", lambda table=table, key=key: table.pop(key), OF_REQUESTS)
    for act, step in lifecycle.STEPS.items():
        for stage in sorted(step.before):
            new = step._replace(before=step.before - {stage})
            change = lambda act=act, new=new: lifecycle.STEPS.update({act: new})  # noqa: E731
            yield Mutant("STEPS", act, f"not from {stage}", change, OF_REQUESTS)
    for name in ("PUBLISHES_AGAIN", "EVEN_AFTER_DEPARTURE", "SHOWN_NO_HISTORY"):
        for one in sorted(getattr(lifecycle, name)):
            new = getattr(lifecycle, name) - {one}
            files = (*files_naming(one), "test_people.py", "test_pages.py", *OF_REQUESTS)
            yield Mutant(name, one, "removed", lambda name=name, new=new: rebind(name, new), files)


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


def remove_everywhere(row) -> None:
    """From the table, and from what was made of it when the modules were read."""
    for _, _, value in _globals():
        if isinstance(value, list):
            value[:] = [one for one in value if one is not row]
        elif isinstance(value, dict):
            for key in [key for key, one in value.items() if one is row]:
                del value[key]


def files_naming(word: str) -> tuple[str, ...]:
    paths = sorted(FOLDER.rglob("test_*.py"), key=lambda path: path.stat().st_size)
    return tuple(path.name for path in paths if f'"{word}"' in path.read_text()) or (MATRIX,)
