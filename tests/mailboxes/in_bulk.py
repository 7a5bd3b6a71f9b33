"""An act on many rows, as a person does it: chosen on the list, foreseen, confirmed."""

from django.urls import reverse


def foresee(client, view, post):
    """The page that says what would be done; where nothing can be, the answer that says why."""
    answer = client.post(reverse(view), post)
    return client.get(answer.url) if answer.url.startswith("/lots/") else answer


def do_in_bulk(client, view, post, **facts):
    answer = client.post(reverse(view), post)
    return client.post(answer.url, {"sure": "1", **facts}) if answer.url.startswith("/lots/") else answer
