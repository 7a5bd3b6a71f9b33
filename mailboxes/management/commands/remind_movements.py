from mailboxes.management.jobs import command_for

Command = command_for("remind_movements")
