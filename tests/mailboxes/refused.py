"""What a rule says no with."""

from mailboxes.rules import Refused


def refused_with(check, *args, **facts) -> str:
    """The code of its refusal; "" where it lets through."""
    try:
        check(*args, **facts)
    except Refused as refused:
        return refused.code
    return ""
