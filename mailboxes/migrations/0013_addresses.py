from django.db import migrations, models

# Both tables, by whose BAL each row's address is.
OWNERS = {"mailboxes_bal": "id", "mailboxes_alias": "bal_id"}


def forbid(apps, schema_editor):
    """On PostgreSQL; SQLite's triggers are made after each migration (mailboxes.models.addresses)."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in OWNERS:
        schema_editor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    for table, own in OWNERS.items():
        schema_editor.execute(
            f"""CREATE FUNCTION {table}_takes_address() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE whose bigint;
            BEGIN
                -- Who comes second waits here for the first to commit.
                INSERT INTO mailboxes_takenaddress (address, bal_id) VALUES (NEW.address, NEW.{own})
                ON CONFLICT (address) DO UPDATE SET bal_id = mailboxes_takenaddress.bal_id RETURNING bal_id INTO whose;
                IF whose <> NEW.{own} THEN
                    RAISE EXCEPTION 'address_once: cette adresse est celle d’une autre BAL.'
                    USING ERRCODE = 'unique_violation', CONSTRAINT = 'address_once';
                END IF;
                RETURN NULL;
            END $$""",
            params=None,
        )
        schema_editor.execute(
            f"""CREATE FUNCTION {table}_leaves_address() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM mailboxes_takenaddress WHERE address = OLD.address
                AND NOT EXISTS (SELECT 1 FROM mailboxes_bal WHERE address = OLD.address)
                AND NOT EXISTS (SELECT 1 FROM mailboxes_alias WHERE address = OLD.address);
                RETURN NULL;
            END $$""",
            params=None,
        )
        changed = "WHEN (OLD.address IS DISTINCT FROM NEW.address)"
        for name, event, when, does in (
            ("takes_insert", "INSERT", "", "takes"), ("takes_update", "UPDATE OF address", changed, "takes"),
            ("leaves_delete", "DELETE", "", "leaves"), ("leaves_update", "UPDATE OF address", changed, "leaves"),
        ):  # fmt: skip
            schema_editor.execute(
                f"CREATE TRIGGER {table}_{name} AFTER {event} ON {table} FOR EACH ROW {when} "
                f"EXECUTE FUNCTION {table}_{does}_address()"
            )
    for table, own in OWNERS.items():
        schema_editor.execute(
            f"INSERT INTO mailboxes_takenaddress (address, bal_id) SELECT address, {own} FROM {table} "
            "ON CONFLICT DO NOTHING"
        )


def lift(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in OWNERS:
        for name in ("takes_insert", "takes_update", "leaves_delete", "leaves_update"):
            schema_editor.execute(f"DROP TRIGGER {table}_{name} ON {table}")
        for does in ("takes", "leaves"):
            schema_editor.execute(f"DROP FUNCTION {table}_{does}_address()")


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0012_mail_servers")]

    operations = [
        migrations.CreateModel(
            name="TakenAddress",
            fields=[
                ("address", models.CharField(max_length=254, primary_key=True, serialize=False)),
                ("bal_id", models.BigIntegerField()),
            ],
            options={"verbose_name": "adresse prise", "verbose_name_plural": "adresses prises"},
        ),
        migrations.RunPython(forbid, lift),
    ]
