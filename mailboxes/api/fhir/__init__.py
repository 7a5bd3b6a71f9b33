"""The searches of the national FHIR API (R4), answered from our copy of the annuaire: a client changes its base URL.

Same parameters and shapes as "Annuaire Santé en libre accès" version 2, for what its clients use; to each mailbox is
added what the register knows of it, for who may see it. Of a structure or a person we know what the mailboxes' lines
say, no more: no diploma, no card, no sector of activity.
"""
