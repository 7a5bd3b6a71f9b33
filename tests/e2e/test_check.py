"""The patient's address is formed in the page, and nothing of it leaves; the check itself goes by POST."""

import re

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

INS = "2 79 03 51 215 189 89"


def test_a_patient_address_is_formed_in_the_page_alone(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/annuaire/verifier/")
    page.wait_for_load_state("networkidle")
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    box, answer = page.get_by_label("Matricule INS"), page.locator("[data-patient-answer]")

    box.press_sequentially(INS)
    assert answer.text_content() == "279035121518989@patient.mssante.fr"
    box.fill("279035121518988")
    assert "clé n’est pas celle" in answer.text_content()
    box.fill("182032A12345651")
    assert answer.text_content() == "182032A12345651@patient.mssante.fr"
    box.fill("182032B12345678")
    assert answer.text_content() == "182032B12345678@patient.mssante.fr"
    box.fill("2790351215189")
    assert "manque la clé" in answer.text_content()
    box.press("Enter")

    assert [url for url in sent if "/static/" not in url] == []
    assert page.locator("input#ins").evaluate("box => box.form") is None
    assert "279035" not in page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")


def test_the_answer_to_a_check_is_accessible_and_in_no_address(app, page, log_in, look):
    log_in(page, "gisele")
    for name, typed in {
        "known": "marie.exemple66@masseur-kinesitherapeute.mssante.fr",
        "near": "marie.exmeple66@masseur-kinesitherapeute.mssante.fr",
        "outside": "marie.exemple@exemple.invalid",
        "patient": INS,
    }.items():
        page.goto(f"{app.url}/annuaire/verifier/")
        page.get_by_label("Adresse à vérifier").last.fill(typed)
        page.get_by_role("button", name="Vérifier").click()
        page.wait_for_selector("#answer-title")
        assert re.search(r"/annuaire/verifier/$", page.url)
        look(page, f"check-{name}")


def test_the_access_log_holds_nothing_of_what_was_typed(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/annuaire/verifier/")
    page.get_by_label("Adresse à vérifier").last.fill("secrete.adresse@exemple.invalid")
    page.get_by_role("button", name="Vérifier").click()
    page.wait_for_selector("#answer-title")
    log = app.log.read_text(errors="replace")
    assert "POST /annuaire/verifier/" in log, "the access log is not where this test looks"
    assert "secrete.adresse" not in log
    assert b"secrete.adresse" not in (app.var / "bal.sqlite3").read_bytes()
