"""What is printed or handed out: pages of A4, filled from the register."""
