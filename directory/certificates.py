"""Whose certificates are believed."""

import ssl


def checking_context(authorities: str = "") -> ssl.SSLContext:
    """A context that checks the server's certificate and its name; `authorities`: a file of them, for the machine's.

    From Python 3.13 on, `create_default_context` also refuses an authority without every extension that RFC 5280 asks
    of it: many that hospitals made for themselves lack some. Browsers and earlier Pythons take them.
    """
    context = ssl.create_default_context(cafile=authorities or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
