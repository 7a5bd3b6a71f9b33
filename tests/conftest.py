"""What every test may ask for; the servers stand in tests/servers.py."""
