"""What every test may ask for; the servers stand in tests/servers.py."""

from hypothesis import settings

# The suite plays the same examples each time, and quickly. `--hypothesis-profile=deep` searches anew:
# minutes instead of seconds; what it finds is kept in .hypothesis, and tried first the next time.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("deep", deadline=None, print_blob=True)
settings.load_profile("suite")
