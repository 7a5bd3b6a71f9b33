from mailboxes.management.jobs import command_for

Command = command_for("take_measures")
