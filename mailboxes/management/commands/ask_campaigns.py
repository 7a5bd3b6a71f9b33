from mailboxes.management.jobs import command_for

Command = command_for("ask_campaigns")
