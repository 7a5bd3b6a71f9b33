"""What is refused is said by a code, which software tests, and a sentence, which a person reads.

That each refusal has both is looked at wherever a test meets one (tests/conftest.py).
"""

import ast

from django.conf import settings

from mailboxes.rules import Refused

PROMISED = settings.BASE_DIR / "docs" / "api" / "refusals.txt"


def raised() -> set[str]:
    """The codes that the product's modules give, as literals, to a refusal."""
    names = {Refused.__name__, "__init__"} | {kind.__name__ for kind in Refused.__subclasses__()}
    return {
        code.value
        for folder in ("mailboxes", "balmanager")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in names
        for code in call.args[1:2]
        if isinstance(code, ast.Constant)
    }


def test_the_codes_are_those_that_are_promised():
    promised = PROMISED.read_text().split()
    assert promised == sorted(set(promised))
    gone, new = set(promised) - raised(), raised() - set(promised)
    assert not new, f"add to docs/api/refusals.txt: {new}"
    assert not gone, f"software may test it: {gone}"
