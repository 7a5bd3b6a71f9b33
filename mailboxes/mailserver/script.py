"""The Sieve script of an automatic reply (RFC 5228, vacation of RFC 5230), and how we know our own."""

from mailboxes.models.mailservers import AutoReply

NAME = "bal-manager-reponse"
BEGINS = "# BAL Manager : réponse automatique demandée par un titulaire, n° "
DATED = {"date", "relational"}  # with these the server itself keeps to the dates, should we be away
EVERY = 7  # days between two replies to one correspondent


def script_of(reply: AutoReply, extensions: set[str]) -> str:
    is_dated = extensions >= DATED
    wanted = ["vacation", *(sorted(DATED) if is_dated else [])]
    lines = [
        f"{BEGINS}{reply.pk}.",
        f"require [{', '.join(_string(name) for name in wanted)}];",
    ]
    action = f"vacation :days {EVERY} :addresses [{_string(reply.bal.address)}] {_string(_lines(reply.text))};"
    if is_dated:
        first, last = (_string(f"{day:%Y-%m-%d}") for day in (reply.starts_on, reply.ends_on))
        test = f'allof (currentdate :value "ge" "date" {first}, currentdate :value "le" "date" {last})'
        return "\r\n".join([*lines, f"if {test} {{", f"  {action}", "}", ""])
    return "\r\n".join([*lines, action, ""])


def is_ours(script: str | None) -> bool:
    return script is not None and script.lstrip("\ufeff").startswith(BEGINS)


def _lines(text: str) -> str:
    return "\r\n".join(text.splitlines())


def _string(text: str) -> str:
    """A quoted string of Sieve: what would end it is escaped; no other character has a meaning in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    return f'"{escaped}"'
