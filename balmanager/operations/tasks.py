"""Found by every worker as it starts: its runs are noted from then on."""

from balmanager.operations import records

records.connect()
