"""For the mail server to hand over what comes back: `read_bounces --stdin` in an alias, or `--file` on an mbox."""

import argparse
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mailboxes.notices.bounces import failures_of, messages_of
from mailboxes.notices.links import notice_of_message
from mailboxes.notices.telling import record_bounce

LARGEST = 50_000_000  # bytes: a mail or a mailbox of bounces, not an archive


class Command(BaseCommand):
    help = "Lit des avis de non-remise (RFC 3464) et marque les avis qu’ils concernent."

    def add_arguments(self, parser: argparse.ArgumentParser):
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--file", type=Path, help="un message, ou une boîte au format mbox")
        source.add_argument("--stdin", action="store_true", help="le message arrive sur l’entrée standard")

    def handle(self, *, file, stdin, **options):
        refused = known = foreign = 0
        for message in messages_of(self._read(file)):
            for bounce in failures_of(message):
                notice = notice_of_message(bounce.original)
                if notice is None:
                    foreign += 1
                elif record_bounce(notice, bounce.reason):
                    refused += 1
                else:
                    known += 1
        self.stdout.write(
            f"{refused} avis marqués non remis, {known} déjà connus, {foreign} sans rapport avec nos avis."
        )

    def _read(self, file: Path | None) -> bytes:
        try:
            with file.open("rb") if file else sys.stdin.buffer as source:
                content = source.read(LARGEST + 1)
        except OSError as error:
            raise CommandError(f"Lecture impossible : {error}") from error
        if len(content) > LARGEST:
            raise CommandError("Plus de 50 Mo : ce n’est pas une boîte d’avis de non-remise.")
        return content
