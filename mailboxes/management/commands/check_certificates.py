from mailboxes.management.jobs import command_for

Command = command_for("check_certificates")
