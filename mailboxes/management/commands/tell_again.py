from mailboxes.management.jobs import command_for

Command = command_for("tell_again")
