"""What the run is about: mailboxes with holders, a software that acts on them by the API, someone who reads pages."""

import json
import random
import time
import urllib.error
import urllib.request
from collections import Counter
from threading import Event, Thread

BALS = 40
CLIENTS = 4
PATIENCE = 60  # seconds for an answer
PREPARE = f"""
import json
from django.contrib.auth import get_user_model
from mailboxes.lifecycle import Scope, State
from mailboxes.models import *
from mailboxes.software.actions import add_webhook, declare_software
structure = Structure.objects.create(name="CHU", finess_et="010000002")
operator = Operator.objects.create(code="regional", name="Régional", request_email="demandes@op.invalid")
gisele = get_user_model().objects.create_user("gisele", "gisele@exemple.invalid")
Membership.objects.create(user=gisele, structure=structure, role="gestionnaire")
for n in range({BALS}):
    facts = {{"family_name": f"Nom{{n}}", "given_name": "Pro", "rpps": f"1{{n:010}}", "has_cps": True}}
    person = Person.objects.create(email=f"p{{n}}@exemple.invalid", **facts)
    address = f"p{{n}}@chu.mssante.fr"
    bal = Bal.objects.create(
        address=address, kind="PER", state=State.ACTIVE, structure=structure, operator=operator
    )
    Cotitulaire.objects.create(bal=bal, person=person, is_principal=True)
software, token = declare_software(
    name="DPI", structures=[structure], scopes=[Scope.MANAGE, Scope.READ], days=30, by=gisele
)
add_webhook(structure=structure, url="HOOK", events=["state"], by=gisele)
print(json.dumps({{"token": token, "bals": list(Bal.objects.values_list("pk", flat=True))}}))
"""
OUT, BACK = "request_depublication", "cancel_depublication"


class Clients:
    """Threads that write until they are told to stop; each write is sent again, under its key, until it is answered."""

    def __init__(self, url, token, bals):
        self.url, self.token = url, token
        self.statuses, self.written = Counter(), Counter()  # answers by status; acknowledged writes by BAL
        self.longest, self.over = 0.0, Event()
        self.threads = [Thread(target=self.write, args=[bals[n::CLIENTS]], daemon=True) for n in range(CLIENTS)]
        self.threads.append(Thread(target=self.read, daemon=True))
        for thread in self.threads:
            thread.start()

    def are_done(self):
        return not any(thread.is_alive() for thread in self.threads)

    def write(self, bals):
        choice, verbs = random.Random(bals[0]), dict.fromkeys(bals, OUT)
        number = 0
        while not self.over.is_set():
            bal, number = choice.choice(bals), number + 1
            path, key = f"/api/v1/bals/{bal}/{verbs[bal]}/", f"{bal}-{number}"
            while (status := self.ask(path, key)) is None or status >= 500:
                self.over.wait(0.5)  # the write is under way: it is asked until it is answered, even after the end
            if status == 200:
                self.written[bal] += 1
                verbs[bal] = BACK if verbs[bal] == OUT else OUT
            self.over.wait(0.5)

    def read(self):
        while not self.over.is_set():
            self.ask("/compte/login/")
            self.over.wait(1)

    def ask(self, path, key=None):
        """The status; None when nobody answered."""
        headers = {"Authorization": f"Bearer {self.token}"}
        data = None
        if key:
            headers |= {"Idempotency-Key": key, "Content-Type": "application/json"}
            data = json.dumps({}).encode()
        started = time.monotonic()
        try:
            asked = urllib.request.Request(f"{self.url}{path}", data, headers)
            with urllib.request.urlopen(asked, timeout=PATIENCE) as got:
                status = got.status
        except urllib.error.HTTPError as error:
            with error:
                status = error.code
        except OSError:
            self.statuses["none"] += 1
            return None
        self.longest = max(self.longest, time.monotonic() - started)
        self.statuses[status] += 1
        return status
