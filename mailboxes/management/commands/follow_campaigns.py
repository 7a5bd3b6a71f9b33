from mailboxes.management.jobs import command_for

Command = command_for("follow_campaigns")
