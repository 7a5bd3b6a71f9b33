"""The declaration of accessibility, which whoever comes may read."""

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.sqlite_run, pytest.mark.django_db]


def test_the_declaration_is_open_and_each_page_leads_to_it(client, settings):
    settings.SERVICE_EMAIL = ["exploitation@exemple.fr"]
    page = client.get(reverse("accessibility"))
    assert page.status_code == 200
    assert "<strong>Non conforme</strong>" in page.text, "what the RGAA calls a service that no audit has measured"
    assert "exploitation@exemple.fr" not in page.text, "not to whoever comes"
    assert f'href="{reverse("accessibility")}"' in client.get(reverse("account_login")).text


def test_who_logs_in_reads_whom_to_tell(admin_client, settings):
    settings.SERVICE_EMAIL = ["exploitation@exemple.fr"]
    assert "exploitation@exemple.fr" in admin_client.get(reverse("accessibility")).text
