"""What operators tell us, each in his own way: here their lists, as files."""
