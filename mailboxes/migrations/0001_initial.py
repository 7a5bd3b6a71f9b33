import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import functools
import mailboxes.models.fields
import mailboxes.models.layouts
import mailboxes.software.models
import uuid
from django.conf import settings
from django.db import migrations, models


# What is written is proof: the journal (its delivery columns aside), the notices once sent, the seals. Held by the
# database, whoever writes. A later migration that alters one of these tables must lift its triggers first, and forbid
# again: SQLite remakes the table, without them.
JOURNAL, NOTICE, SEAL = "mailboxes_journalentry", "mailboxes_notice", "mailboxes_seal"
SENTENCE = {
    JOURNAL: "Le journal ne se modifie pas : on y ajoute.",
    NOTICE: "Un avis remis ne se modifie pas : il prouve ce qui a été dit.",
    SEAL: "Un sceau ne se modifie pas : on en ajoute.",
}
JOURNAL_FACTS = (
    "id, bal_id, at, what, by_id, before, after, note, person_id, structure_id, address, signatory_id, operator_id"
)
NOTICE_FACTS = "id, entry_id, bal_id, key, stage, party, person_id, recipient, subject, text, created_at"
# name -> table, event, condition
TRIGGERS = {
    "journal_no_update": (JOURNAL, f"UPDATE OF {JOURNAL_FACTS}", ""),
    "journal_no_delete": (JOURNAL, "DELETE", ""),
    "notice_no_update": (NOTICE, f"UPDATE OF {NOTICE_FACTS}", "OLD.sent_at IS NOT NULL"),
    "notice_no_delete": (NOTICE, "DELETE", "OLD.sent_at IS NOT NULL"),
    "seal_no_update": (SEAL, "UPDATE", ""),
    "seal_no_delete": (SEAL, "DELETE", ""),
}


def forbid(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    if postgresql:
        schema_editor.execute(
            """CREATE FUNCTION proof_is_kept() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            params=None,  # its % is no place of a parameter
        )
        for table in (JOURNAL, NOTICE, SEAL):  # SQLite has no TRUNCATE
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
                "EXECUTE FUNCTION proof_is_kept('Cette table ne se vide pas.')"
            )
    for name, (table, event, condition) in TRIGGERS.items():
        sentence = SENTENCE[table]
        does = f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        if postgresql:
            does = f"EXECUTE FUNCTION proof_is_kept('{sentence}')"
        when = f"WHEN ({condition}) " if condition else ""
        row = "FOR EACH ROW " if postgresql else ""
        schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {row}{when}{does}")


def lift(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name, (table, *_) in TRIGGERS.items():
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        for table in (JOURNAL, NOTICE, SEAL):
            schema_editor.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        schema_editor.execute("DROP FUNCTION proof_is_kept()")


# Both tables, by whose BAL each row's address is.
OWNERS = {"mailboxes_bal": "id", "mailboxes_alias": "bal_id"}


def watch_addresses(apps, schema_editor):
    """On PostgreSQL; SQLite's triggers are made after each migration (mailboxes.models.addresses)."""
    if schema_editor.connection.vendor != "postgresql":
        return
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


def leave_addresses(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in OWNERS:
        for name in ("takes_insert", "takes_update", "leaves_delete", "leaves_update"):
            schema_editor.execute(f"DROP TRIGGER {table}_{name} ON {table}")
        for does in ("takes", "leaves"):
            schema_editor.execute(f"DROP FUNCTION {table}_{does}_address()")


class Migration(migrations.Migration):

    initial = True

    # Those that the initial one was made of: a database that had them all goes on from here.
    replaces = [
        ('mailboxes', '0002_places'),
        ('mailboxes', '0003_imports'),
        ('mailboxes', '0004_readings'),
        ('mailboxes', '0005_accesses'),
        ('mailboxes', '0006_desk_and_todos'),
        ('mailboxes', '0007_words'),
        ('mailboxes', '0008_aliases'),
        ('mailboxes', '0009_lists'),
        ('mailboxes', '0010_indexes'),
        ('mailboxes', '0011_sightings'),
        ('mailboxes', '0012_mail_servers'),
        ('mailboxes', '0013_addresses'),
        ('mailboxes', '0014_thresholds'),
        ('mailboxes', '0015_own_words'),
        ('mailboxes', '0016_todos_of_files_and_gaps'),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OpeningDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answers', models.JSONField(default=dict, verbose_name='réponses')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='commencé le')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='repris le')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='opening_drafts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'brouillon de demande',
                'verbose_name_plural': 'brouillons de demande',
                'ordering': ['-changed_at'],
            },
        ),
        migrations.CreateModel(
            name='Operator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=100, verbose_name='nom')),
                ('request_email', models.EmailField(blank=True, max_length=254, verbose_name='adresse des demandes')),
                ('can_auto_reply', models.BooleanField(default=False, verbose_name='réponse automatique')),
                ('can_notify', models.BooleanField(default=False, verbose_name='notification sur un courriel ordinaire')),
                ('can_suspend', models.BooleanField(default=False, verbose_name='suspension')),
                ('has_api', models.BooleanField(default=False, verbose_name='interface programmée')),
                ('default_quota_mb', models.PositiveIntegerField(blank=True, null=True, verbose_name='espace par défaut (Mo)')),
                ('alert_after_months', models.PositiveSmallIntegerField(default=10, verbose_name='alerte d’inactivité après (mois)')),
                ('end_after_months', models.PositiveSmallIntegerField(default=12, verbose_name='dépublication après (mois)')),
                ('answer_days', models.PositiveSmallIntegerField(default=15, verbose_name='répond d’ordinaire en (jours)')),
                ('yearly_cost', models.DecimalField(blank=True, decimal_places=2, help_text='Pour tout type sans tarif propre, sauf l’applicative unique d’un organisme gestionnaire.', max_digits=8, null=True, verbose_name='coût annuel d’une BAL (€)')),
                ('fresh_days', models.PositiveSmallIntegerField(blank=True, help_text='Au-delà, on ne conclut plus d’inactivité. Vide : la durée réglée pour toute l’installation.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='un relevé vaut (jours)')),
            ],
            options={
                'verbose_name': 'opérateur',
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('end_after_months__gt', models.F('alert_after_months')), ('alert_after_months__gte', 1)), name='operator_alerts_before_the_end', violation_error_message='L’alerte d’inactivité doit précéder la dépublication.'), models.CheckConstraint(condition=models.Q(('yearly_cost', None), ('yearly_cost__gte', 0), _connector='OR'), name='operator_cost_not_negative', violation_error_message='Un coût ne peut pas être négatif.')],
            },
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rpps', models.CharField(blank=True, max_length=11, null=True, unique=True, validators=[functools.partial(mailboxes.models.fields._validate, *('RPPS',), **{})], verbose_name='RPPS')),
                ('has_cps', models.BooleanField(default=False, verbose_name='CPS ou e-CPS')),
                ('family_name', models.CharField(max_length=100, verbose_name='nom')),
                ('given_name', models.CharField(max_length=100, verbose_name='prénom')),
                ('profession', models.CharField(blank=True, max_length=100, verbose_name='profession')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='courriel de notification')),
                ('channel', models.CharField(choices=[('email', 'courriel ordinaire'), ('mssante', 'messagerie MSSanté'), ('hand', 'de vive voix ou par courrier, par le gestionnaire')], default='email', max_length=10, verbose_name='prévenu par')),
                ('mssante_address', models.CharField(blank=True, max_length=254, validators=[mailboxes.models.fields.validate_address], verbose_name='adresse MSSanté de notification')),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='person', to=settings.AUTH_USER_MODEL, verbose_name='compte')),
                ('links_from', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'personne',
                'ordering': ['family_name', 'given_name'],
                'indexes': [models.Index(fields=['family_name', 'given_name', 'id'], name='person_name')],
            },
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('answer', models.CharField(blank=True, choices=[('used', 'à moi et utilisée'), ('unused', 'à moi et inutilisée'), ('not_mine', 'pas à moi')], max_length=10, verbose_name='réponse')),
                ('at', models.DateTimeField(blank=True, null=True, verbose_name='répondu le')),
                ('channel', models.CharField(blank=True, choices=[('app', 'dans l’application'), ('link', 'par le lien d’un courriel')], max_length=10, verbose_name='par')),
                ('cycle', models.PositiveSmallIntegerField(default=0, verbose_name='cycle')),
                ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='demandé le')),
                ('reminded_at', models.DateTimeField(blank=True, null=True, verbose_name='rappelé le')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='claims', to='mailboxes.person')),
            ],
            options={
                'verbose_name': 'réponse sur une adresse',
                'verbose_name_plural': 'réponses sur les adresses',
                'ordering': ['address'],
                'constraints': [models.UniqueConstraint(fields=('person', 'address'), name='claim_once')],
                'indexes': [models.Index(fields=['address', 'answer'], name='claim_of_address'), models.Index(condition=models.Q(('answer', '')), fields=['asked_at'], name='claim_unanswered')],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('offer', models.CharField(choices=[('PER', 'nominative'), ('ORG', 'organisationnelle'), ('CAB', 'de cabinet'), ('APP_ET', 'applicative d’un établissement'), ('APP_OG', 'applicative unique d’un organisme gestionnaire')], max_length=6, verbose_name='BAL')),
                ('yearly_cost', models.DecimalField(decimal_places=2, max_digits=8, verbose_name='coût annuel (€)')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='mailboxes.operator')),
            ],
            options={
                'verbose_name': 'tarif',
                'constraints': [models.UniqueConstraint(fields=('operator', 'offer'), name='price_once', violation_error_message='Cet opérateur a déjà un tarif pour ce type de BAL.'), models.CheckConstraint(condition=models.Q(('yearly_cost__gte', 0)), name='price_not_negative', violation_error_message='Un coût ne peut pas être négatif.')],
            },
        ),
        migrations.CreateModel(
            name='Software',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='nom du logiciel')),
                ('scopes', models.JSONField(default=list, validators=[mailboxes.software.models.validate_scopes], verbose_name='droits')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='déclaré le')),
                ('created_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='déclaré par')),
                ('user', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='software', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'logiciel',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='SoftwareKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prefix', models.CharField(max_length=8, unique=True, verbose_name='début de la clé')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='créée le')),
                ('expires_at', models.DateTimeField(verbose_name='expire le')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='révoquée le')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='dernier usage')),
                ('software', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='mailboxes.software', verbose_name='logiciel')),
            ],
            options={
                'verbose_name': 'clé',
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Structure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150, verbose_name='nom')),
                ('kind', models.CharField(choices=[('organisme', 'organisme gestionnaire'), ('hospital', 'établissement de santé'), ('ehpad', 'EHPAD'), ('ssiad', 'SSIAD'), ('residence', 'résidence autonomie'), ('mdph', 'MDPH'), ('csapa', 'CSAPA'), ('pharmacy', 'pharmacie'), ('practice', 'cabinet'), ('network', 'réseau, association ou CPTS'), ('administration', 'administration'), ('grades', 'GRADeS'), ('other', 'autre')], default='other', max_length=20, verbose_name='nature')),
                ('finess_ej', models.CharField(blank=True, max_length=9, validators=[functools.partial(mailboxes.models.fields._validate, *('FINESS',), **{})], verbose_name='FINESS entité juridique')),
                ('finess_et', models.CharField(blank=True, max_length=9, validators=[functools.partial(mailboxes.models.fields._validate, *('FINESS',), **{})], verbose_name='FINESS établissement')),
                ('siret', models.CharField(blank=True, max_length=14, validators=[functools.partial(mailboxes.models.fields._validate, *('SIRET',), **{})], verbose_name='SIRET')),
                ('rpps_rang', models.CharField(blank=True, max_length=14, validators=[functools.partial(mailboxes.models.fields._validate, *('RPPS-rang',), **{})], verbose_name='RPPS-rang')),
                ('postcode', models.CharField(blank=True, max_length=5, verbose_name='code postal')),
                ('town', models.CharField(blank=True, max_length=100, verbose_name='commune')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='mailboxes.structure', verbose_name='rattachée à')),
                ('referent', models.CharField(blank=True, db_default='', max_length=100, verbose_name='référent ou référente MSSanté')),
                ('referent_phone', models.CharField(blank=True, db_default='', max_length=30, verbose_name='téléphone du référent')),
                ('closed_on', models.DateField(blank=True, editable=False, null=True, verbose_name='fermée le')),
                ('former_finess', models.CharField(blank=True, db_default='', editable=False, max_length=9, verbose_name='ancien FINESS')),
                ('merged_into', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='mailboxes.structure', verbose_name='fusionnée dans')),
            ],
            options={
                'verbose_name': 'structure',
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('parent', None), models.Q(('parent', models.F('id')), _negated=True), _connector='OR'), name='structure_not_its_own_parent', violation_error_message='Une structure ne peut pas être rattachée à elle-même.'), models.UniqueConstraint(condition=models.Q(('finess_et', ''), _negated=True), fields=('finess_et',), name='structure_finess_et_once', violation_error_message='Ce FINESS d’établissement est déjà celui d’une autre structure.')],
            },
        ),
        migrations.CreateModel(
            name='Affiliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('function', models.CharField(blank=True, max_length=100, verbose_name='fonction')),
                ('arrived_on', models.DateField(blank=True, null=True, verbose_name='arrivée')),
                ('left_on', models.DateField(blank=True, null=True, verbose_name='départ')),
                ('applied_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='accès retirés le')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='affiliations', to='mailboxes.person')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='affiliations', to='mailboxes.structure')),
                ('shown_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='vue à l’annuaire le')),
            ],
            options={
                'verbose_name': 'rattachement',
                'indexes': [models.Index(condition=models.Q(('applied_at', None), ('left_on__isnull', False)), fields=['left_on'], name='stay_to_apply'), models.Index(condition=models.Q(('left_on__isnull', False)), fields=['person', 'structure'], name='stay_over')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('left_on', None)), fields=('person', 'structure'), name='affiliation_once_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Bal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, validators=[mailboxes.models.fields.validate_address], verbose_name='adresse')),
                ('kind', models.CharField(choices=[('PER', 'nominative'), ('ORG', 'organisationnelle'), ('APP', 'applicative'), ('CAB', 'de cabinet')], max_length=3, verbose_name='type')),
                ('state', models.CharField(choices=[('requested', 'demandée'), ('active', 'active'), ('idle_alerted', 'alertée pour inactivité'), ('depublication_requested', 'dépublication demandée'), ('depublished', 'dépubliée'), ('deletion_requested', 'suppression demandée'), ('deletion_confirmed', 'suppression confirmée'), ('deleted', 'supprimée'), ('abandoned', 'demande abandonnée')], default='requested', editable=False, max_length=30, verbose_name='état')),
                ('state_since', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='dans cet état depuis')),
                ('service', models.CharField(blank=True, max_length=90, verbose_name='service de rattachement')),
                ('description', models.CharField(blank=True, max_length=75, verbose_name='description')),
                ('purpose', models.TextField(blank=True, help_text='Ce qui s’échange par cette BAL, et sa place à côté des BAL nominatives.', verbose_name='usage')),
                ('liste_rouge', models.BooleanField(default=False, verbose_name='liste rouge')),
                ('replaced_by', models.CharField(blank=True, max_length=254, validators=[mailboxes.models.fields.validate_address], verbose_name='remplacée par')),
                ('auto_reply', models.TextField(blank=True, max_length=1000, verbose_name='réponse automatique')),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='dernière authentification')),
                ('last_used_source', models.CharField(blank=True, editable=False, max_length=20, verbose_name='source')),
                ('clock_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='départ de l’horloge d’inactivité')),
                ('used_mb', models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name='espace occupé (Mo)')),
                ('quota_mb', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='espace accordé (Mo)')),
                ('percent_full', models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name='remplissage (%)')),
                ('full_on', models.DateField(blank=True, editable=False, null=True, verbose_name='pleine vers le')),
                ('quota_warned', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='seuil averti (%)')),
                ('quota_cycle', models.PositiveIntegerField(default=1, editable=False, verbose_name='cycle de saturation')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bals', to='mailboxes.operator', verbose_name='opérateur')),
                ('responsable', models.ForeignKey(blank=True, help_text='Décide, avec le cotitulaire principal, de qui a accès.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mailboxes.person', verbose_name='responsable de structure')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bals', to='mailboxes.structure')),
                ('read_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='dernier relevé d’utilisation')),
            ],
            options={
                'verbose_name': 'BAL',
                'verbose_name_plural': 'BAL',
                'constraints': [models.UniqueConstraint(fields=('address',), name='bal_address_once', violation_error_message='Cette adresse est déjà au registre.'), models.CheckConstraint(condition=models.Q(('address', django.db.models.functions.text.Lower('address'))), name='bal_address_lower_case'), models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'active', 'idle_alerted', 'depublication_requested', 'depublished', 'deletion_requested', 'deletion_confirmed', 'deleted', 'abandoned'])), name='bal_state_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['PER', 'ORG', 'APP', 'CAB'])), name='bal_kind_known')],
                'indexes': [models.Index(condition=models.Q(('percent_full__isnull', False)), fields=['percent_full'], name='bal_fill'), models.Index(condition=models.Q(('quota_warned__gt', 0)), fields=['quota_warned'], name='bal_quota_warned'), models.Index(fields=['full_on'], name='bal_full_on'), models.Index(fields=['state', 'kind'], name='bal_state_kind'), models.Index(condition=models.Q(('state', 'active'), models.Q(('kind', 'APP'), _negated=True)), fields=['operator', 'clock_at'], name='bal_idle_clock'), models.Index(fields=['structure', 'address'], name='bal_structure_address'), models.Index(fields=['structure', 'operator', 'read_at'], name='bal_read_beside')],
            },
        ),
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('cleanup', 'boîtes inutilisées'), ('recertify', 'revue des accès'), ('preferred', 'BAL privilégiée')], max_length=10, verbose_name='sorte')),
                ('title', models.CharField(max_length=100, verbose_name='titre')),
                ('filter', models.TextField(blank=True, verbose_name='filtre')),
                ('closes_on', models.DateField(blank=True, null=True, verbose_name='dernier jour')),
                ('launched_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='lancée le')),
                ('rounds', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('reminded_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='rappelée le')),
                ('closed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='close le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'campagne',
                'ordering': ['-launched_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['cleanup', 'recertify', 'preferred'])), name='campaign_kind_known')],
                'indexes': [models.Index(fields=['structure', '-launched_at'], name='campaign_of_structure')],
            },
        ),
        migrations.CreateModel(
            name='JournalEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(blank=True, max_length=254, verbose_name='adresse')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('what', models.CharField(max_length=30, verbose_name='quoi')),
                ('before', models.CharField(blank=True, max_length=300, verbose_name='avant')),
                ('after', models.CharField(blank=True, max_length=300, verbose_name='après')),
                ('note', models.TextField(blank=True, verbose_name='motif')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='transmis le')),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('bal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.bal')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.person', verbose_name='personne')),
                ('signatory', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.person')),
                ('structure', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.structure')),
                ('operator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.operator')),
            ],
            options={
                'verbose_name': 'ligne de journal',
                'verbose_name_plural': 'journal',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['bal', '-at'], name='journal_of_bal'), models.Index(condition=models.Q(('told_at', None)), fields=['at'], name='journal_untold'), models.Index(condition=models.Q(('told_at', None)), fields=['id'], name='journal_to_claim')],
                'constraints': [models.CheckConstraint(condition=models.Q(('bal__isnull', False), ('person__isnull', False), ('structure__isnull', False), ('operator__isnull', False), _connector='OR'), name='journal_about_something')],
            },
        ),
        migrations.CreateModel(
            name='Movement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('arrival', 'arrivée'), ('departure', 'départ')], max_length=10, verbose_name='nature')),
                ('planned_on', models.DateField(verbose_name='prévu le')),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='ouvert le')),
                ('reminded_on', models.DateField(blank=True, null=True, verbose_name='rappelé le')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='clos le')),
                ('is_cancelled', models.BooleanField(default=False, verbose_name='annulé')),
                ('opened_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ouvert par')),
                ('stay', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='mailboxes.affiliation', verbose_name='rattachement')),
            ],
            options={
                'verbose_name': 'dossier d’arrivée ou de départ',
                'verbose_name_plural': 'dossiers d’arrivée et de départ',
                'ordering': ['planned_on', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('stay', 'kind'), name='movement_once_at_a_time', violation_error_message='Un dossier est déjà ouvert.'), models.CheckConstraint(condition=models.Q(('is_cancelled', False), ('closed_at__isnull', False), _connector='OR'), name='movement_cancelled_is_closed')],
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['kind', 'planned_on'], name='movement_due')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=150, unique=True)),
                ('stage', models.CharField(max_length=30, verbose_name='étape')),
                ('party', models.CharField(choices=[('holders', 'titulaires'), ('operator', 'opérateur MSSanté'), ('gestionnaires', 'gestionnaires de la structure'), ('delegataire', 'délégataire')], max_length=20, verbose_name='destinataire')),
                ('recipient', models.CharField(max_length=250, verbose_name='nom du destinataire')),
                ('channel', models.CharField(choices=[('email', 'courriel'), ('mssante', 'messagerie MSSanté'), ('hand', 'le gestionnaire'), ('none', 'aucun canal connu'), ('withdrawn', 'retiré avant l’envoi')], max_length=10, verbose_name='canal')),
                ('address', models.EmailField(blank=True, max_length=254, verbose_name='adresse')),
                ('subject', models.CharField(blank=True, max_length=250, verbose_name='objet')),
                ('text', models.TextField(verbose_name='texte')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='écrit le')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='essais')),
                ('error', models.TextField(blank=True, verbose_name='dernier échec')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='remis le')),
                ('how', models.CharField(blank=True, max_length=100, verbose_name='remis comment')),
                ('bounced_at', models.DateTimeField(blank=True, null=True, verbose_name='refusé le')),
                ('answer', models.CharField(blank=True, choices=[('used', 'Je m’en sers'), ('kept', 'Je la garde, sans m’en servir en ce moment'), ('unused', 'Je ne m’en sers plus')], max_length=10, verbose_name='réponse par le lien')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='répondu le')),
                ('bal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='mailboxes.bal')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='mailboxes.journalentry')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='mailboxes.person')),
            ],
            options={
                'verbose_name': 'avis',
                'verbose_name_plural': 'avis',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['bal', 'stage', 'sent_at'], name='notice_proof')],
            },
        ),
        migrations.CreateModel(
            name='Delegataire',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('can_read', models.BooleanField(default=True, verbose_name='consulter')),
                ('can_send', models.BooleanField(default=False, verbose_name='envoyer')),
                ('starts_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='du')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='au')),
                ('reason', models.CharField(max_length=200, verbose_name='mission')),
                ('ended_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='terminée le')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='delegataires', to='mailboxes.bal')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='delegations', to='mailboxes.person')),
                ('under', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='delegations_given', to='mailboxes.person', verbose_name='sous la responsabilité de')),
                ('told_how', models.CharField(blank=True, db_default='', max_length=200, verbose_name='comment')),
                ('told_on', models.DateField(blank=True, null=True, verbose_name='dit le')),
            ],
            options={
                'verbose_name': 'délégataire',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('bal', 'person', 'under'), name='delegataire_once_at_a_time', violation_error_message='Cette personne a déjà une délégation en cours sous ce professionnel.'), models.CheckConstraint(condition=models.Q(('can_read', True), ('can_send', True), _connector='OR'), name='delegation_of_something', violation_error_message='Une délégation permet de consulter, d’envoyer, ou les deux.'), models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='delegation_ends_after_it_starts', violation_error_message='La fin d’une délégation ne peut pas précéder son début.')],
            },
        ),
        migrations.CreateModel(
            name='Cotitulaire',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_principal', models.BooleanField(default=False, verbose_name='principal')),
                ('since', models.DateField(default=django.utils.timezone.localdate, verbose_name='depuis')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cotitulaires', to='mailboxes.bal')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='held', to='mailboxes.person')),
                ('on_word_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.person', verbose_name='sur la parole de')),
                ('told_how', models.CharField(blank=True, db_default='', max_length=200, verbose_name='comment')),
                ('told_on', models.DateField(blank=True, null=True, verbose_name='dit le')),
            ],
            options={
                'verbose_name': 'cotitulaire',
                'constraints': [models.UniqueConstraint(fields=('bal', 'person'), name='cotitulaire_once', violation_error_message='Cette personne est déjà cotitulaire.'), models.UniqueConstraint(condition=models.Q(('is_principal', True)), fields=('bal',), name='one_principal', violation_error_message='Cette BAL a déjà un cotitulaire principal.')],
            },
        ),
        migrations.CreateModel(
            name='CampaignTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('open_kind', models.CharField(blank=True, choices=[('cleanup', 'boîtes inutilisées'), ('recertify', 'revue des accès'), ('preferred', 'BAL privilégiée')], editable=False, max_length=10)),
                ('told', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='fois')),
                ('told_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='interrogé le')),
                ('answer', models.CharField(blank=True, choices=[('used', 'Je m’en sers'), ('unused', 'Je ne m’en sers plus'), ('not_mine', 'Elle n’est pas à moi'), ('confirmed', 'Accès confirmés'), ('withdrawn', 'Accès retirés'), ('chosen', 'BAL privilégiée choisie'), ('declined', 'Ne veut pas choisir'), ('elsewhere', 'Réglé autrement')], max_length=10, verbose_name='réponse')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='répondu le')),
                ('withdrawn', models.PositiveSmallIntegerField(default=0, verbose_name='accès retirés')),
                ('bal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaign_targets', to='mailboxes.bal')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='mailboxes.campaign')),
                ('notice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='targets', to='mailboxes.notice')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaign_targets', to='mailboxes.person')),
            ],
            options={
                'verbose_name': 'question d’une campagne',
                'verbose_name_plural': 'questions d’une campagne',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(models.Q(('open_kind', ''), _negated=True), ('bal__isnull', False)), fields=('open_kind', 'bal'), name='campaign_bal_once'), models.UniqueConstraint(condition=models.Q(models.Q(('open_kind', ''), _negated=True), ('bal', None)), fields=('open_kind', 'person'), name='campaign_person_once'), models.CheckConstraint(condition=models.Q(('bal__isnull', False), ('person__isnull', False), _connector='OR'), name='campaign_target_of_something')],
                'indexes': [models.Index(fields=['campaign', 'told', 'person'], name='campaign_round')],
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='relevé le')),
                ('source', models.CharField(choices=[('import', 'import de l’opérateur'), ('push', 'logiciel de l’établissement'), ('imap', 'relevé IMAP'), ('answer', 'déclaration du titulaire')], max_length=20, verbose_name='source')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='dernière authentification')),
                ('used_mb', models.PositiveIntegerField(blank=True, null=True, verbose_name='espace occupé (Mo)')),
                ('quota_mb', models.PositiveIntegerField(blank=True, null=True, verbose_name='espace accordé (Mo)')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='mailboxes.bal')),
            ],
            options={
                'verbose_name': 'relevé',
                'ordering': ['at'],
                'constraints': [models.UniqueConstraint(fields=('bal', 'at', 'source'), name='reading_once')],
            },
        ),
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('kind', models.CharField(choices=[('open', 'ouverture'), ('change', 'modification'), ('prefer', 'BAL privilégiée'), ('publish', 'publication à l’annuaire'), ('depublish', 'retrait de l’annuaire'), ('delete', 'suppression'), ('grant', 'ouverture d’un accès'), ('withdraw', 'fermeture d’un accès')], max_length=10, verbose_name='demande')),
                ('stage', models.CharField(choices=[('draft', 'à envoyer'), ('sent', 'envoyée'), ('done', 'faite, selon l’opérateur'), ('verified', 'constatée'), ('refused', 'refusée par l’opérateur'), ('cancelled', 'annulée')], default='draft', editable=False, max_length=10, verbose_name='étape')),
                ('detail', models.TextField(blank=True, verbose_name='détail')),
                ('reason', models.TextField(blank=True, verbose_name='motif')),
                ('answer', models.TextField(blank=True, verbose_name='réponse de l’opérateur')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='écrite le')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='envoyée le')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='réponse attendue le')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='faite le')),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='constatée le')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='refusée ou annulée le')),
                ('cycle', models.PositiveSmallIntegerField(default=1, editable=False, verbose_name='cycle')),
                ('reminded_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='relancée le')),
                ('escalated_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='retard signalé le')),
                ('bal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='mailboxes.bal')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='mailboxes.journalentry')),
                ('lines', models.ManyToManyField(editable=False, related_name='+', to='mailboxes.journalentry')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='mailboxes.operator', verbose_name='opérateur')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='mailboxes.structure')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.person', verbose_name='personne')),
            ],
            options={
                'verbose_name': 'demande à l’opérateur',
                'verbose_name_plural': 'demandes aux opérateurs',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('bal', None), ('stage__in', ['draft', 'sent'])), fields=('structure', 'address', 'kind'), name='request_once_of_an_address', violation_error_message='Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.'), models.UniqueConstraint(condition=models.Q(('person', None), ('stage__in', ['draft', 'sent'])), fields=('bal', 'kind'), name='request_once_at_a_time', violation_error_message='Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.'), models.UniqueConstraint(condition=models.Q(('person__isnull', False), ('stage__in', ['draft', 'sent'])), fields=('bal', 'kind', 'person'), name='request_once_of_an_access', violation_error_message='Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.')],
                'indexes': [models.Index(fields=['stage', 'due_on'], name='request_due')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('situation', models.CharField(blank=True, max_length=254, verbose_name='situation d’exercice')),
                ('place', models.CharField(blank=True, max_length=254, verbose_name='lieu')),
                ('purpose', models.CharField(blank=True, choices=[('', 'tous les messages'), ('letter', 'lettres d’adressage et de liaison'), ('prescription', 'ordonnances et demandes d’actes'), ('result', 'résultats de biologie et d’imagerie'), ('patient', 'messages des patients')], max_length=20, verbose_name='pour')),
                ('address', models.CharField(max_length=254, verbose_name='adresse privilégiée')),
                ('wished_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='choisie le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='preferences', to='mailboxes.person')),
                ('request', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='preferences', to='mailboxes.request')),
            ],
            options={
                'verbose_name': 'BAL privilégiée',
                'verbose_name_plural': 'BAL privilégiées',
                'ordering': ['place', 'purpose', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('person', 'situation', 'purpose'), name='preference_once', violation_error_message='Une seule BAL est privilégiée pour ces messages à ce lieu d’exercice.')],
                'indexes': [models.Index(fields=['address'], name='preference_of_address')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20, verbose_name='étape')),
                ('outcome', models.CharField(choices=[('done', 'fait'), ('not_applicable', 'sans objet'), ('seen', 'constaté')], max_length=15, verbose_name='suite')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='précision')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('movement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='mailboxes.movement')),
            ],
            options={
                'verbose_name': 'étape',
                'constraints': [models.UniqueConstraint(fields=('movement', 'name'), name='step_once'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'not_applicable'), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR'), name='step_set_aside_with_a_reason', violation_error_message='Dites pourquoi cette étape est sans objet.')],
            },
        ),
        migrations.CreateModel(
            name='RequestLayout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, choices=[('open', 'ouverture'), ('change', 'modification'), ('prefer', 'BAL privilégiée'), ('publish', 'publication à l’annuaire'), ('depublish', 'retrait de l’annuaire'), ('delete', 'suppression'), ('grant', 'ouverture d’un accès'), ('withdraw', 'fermeture d’un accès')], help_text='Vide : toutes les demandes.', max_length=10, verbose_name='demande')),
                ('subject', models.CharField(max_length=200, validators=[mailboxes.models.layouts.check_placeholders], verbose_name='objet')),
                ('body', models.TextField(max_length=5000, validators=[mailboxes.models.layouts.check_placeholders], verbose_name='texte')),
                ('columns', models.TextField(blank=True, help_text='Une par ligne, dans l’ordre : « Titre = {adresse} ».', max_length=2000, validators=[mailboxes.models.layouts.check_columns], verbose_name='colonnes du fichier')),
                ('separator', models.CharField(choices=[(';', 'point-virgule'), (',', 'virgule'), ('\t', 'tabulation')], default=';', max_length=1, verbose_name='séparateur')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='request_layouts', to='mailboxes.operator', verbose_name='opérateur')),
                ('structure', models.ForeignKey(help_text='Il vaut pour elle et pour les structures qui lui sont rattachées.', on_delete=django.db.models.deletion.CASCADE, related_name='request_layouts', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'modèle de demande',
                'verbose_name_plural': 'modèles de demande',
                'ordering': ['operator__name', 'kind', 'structure__name'],
                'constraints': [models.UniqueConstraint(fields=('structure', 'operator', 'kind'), name='layout_once', violation_error_message='Cet opérateur a déjà un modèle pour cette demande et cette structure.')],
            },
        ),
        migrations.CreateModel(
            name='ProtocolText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('section', models.CharField(choices=[('purpose', 'À quoi sert la messagerie sécurisée'), ('people', 'Qui répond de quoi'), ('access', 'Qui a accès, et comment'), ('names', 'Les adresses et leurs noms'), ('idle', 'Les BAL qui ne servent plus'), ('space', 'L’espace occupé'), ('way_out', 'Retirer une BAL, dans l’ordre'), ('moves', 'Arrivées et départs'), ('forbidden', 'Ce qui n’est pas admis'), ('traces', 'Ce qui est gardé'), ('contacts', 'À qui s’adresser')], max_length=20, verbose_name='partie')),
                ('text', models.TextField(blank=True, verbose_name='texte')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='protocol_texts', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'texte du protocole',
                'verbose_name_plural': 'textes du protocole',
                'constraints': [models.UniqueConstraint(fields=('structure', 'section'), name='protocol_text_once')],
            },
        ),
        migrations.CreateModel(
            name='NamingPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_pattern', models.CharField(choices=[('prenom.nom', 'prénom.nom'), ('p.nom', 'p.nom (initiale du prénom)'), ('nom.prenom', 'nom.prénom'), ('nom.p', 'nom.p (initiale du prénom)')], default='prenom.nom', max_length=20, verbose_name='BAL nominatives')),
                ('shared_pattern', models.CharField(choices=[('nom.code-postal', 'nom.code-postal'), ('nom.commune', 'nom.commune'), ('nom.departement', 'nom.département (son numéro)'), ('nom', 'nom seul (le domaine est propre à la structure)')], default='nom.code-postal', help_text='Un élément distinctif, comme le lieu, évite la confusion entre deux structures au nom proche.', max_length=20, verbose_name='BAL organisationnelles et de cabinet')),
                ('compounds', models.CharField(choices=[('hyphen', 'avec un tiret : jean-marc'), ('joined', 'collés : jeanmarc')], default='hyphen', max_length=10, verbose_name='noms et prénoms composés')),
                ('apostrophes', models.CharField(choices=[('dropped', 'retirées : ndiaye'), ('kept', "gardées : n'diaye"), ('hyphen', 'remplacées par un tiret : n-diaye')], default='dropped', help_text='L’apostrophe est permise dans une adresse, mais beaucoup de logiciels la refusent.', max_length=10, verbose_name='apostrophes')),
                ('particles', models.CharField(choices=[('kept', 'gardées : de-montbrun'), ('dropped', 'retirées : montbrun')], default='kept', max_length=10, verbose_name='particules (de, du, d’)')),
                ('max_length', models.PositiveSmallIntegerField(default=64, validators=[django.core.validators.MinValueValidator(8), django.core.validators.MaxValueValidator(64)], verbose_name='longueur avant le @, au plus')),
                ('structure', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='naming_policy', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'règle de nommage',
                'verbose_name_plural': 'règles de nommage',
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('gestionnaire', 'gestionnaire'), ('reader', 'lecteur')], max_length=20, verbose_name='rôle')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, editable=False, null=True, verbose_name='depuis')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'habilitation',
                'constraints': [models.UniqueConstraint(fields=('user', 'structure'), name='membership_once')],
            },
        ),
        migrations.CreateModel(
            name='Measure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='jour')),
                ('name', models.CharField(max_length=20, verbose_name='figure')),
                ('key', models.CharField(blank=True, max_length=50, verbose_name='détail')),
                ('count', models.PositiveIntegerField(verbose_name='nombre')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='measures', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'mesure',
                'constraints': [models.UniqueConstraint(fields=('structure', 'day', 'name', 'key'), name='measure_once')],
                'indexes': [models.Index(fields=['name', 'day'], name='measure_by_name')],
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='reçu le')),
                ('as_of', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date de la liste')),
                ('file_name', models.CharField(max_length=200, verbose_name='fichier')),
                ('sha256', models.CharField(max_length=64, verbose_name='empreinte')),
                ('stored', models.CharField(blank=True, max_length=40, verbose_name='gardé sous')),
                ('headers', models.JSONField(default=list, verbose_name='en-têtes')),
                ('header_number', models.PositiveIntegerField(default=0, verbose_name='ligne des en-têtes')),
                ('columns', models.JSONField(default=list, verbose_name='champ de chaque colonne')),
                ('sample', models.JSONField(default=list, verbose_name='premières lignes')),
                ('sheets', models.JSONField(default=list, verbose_name='feuilles')),
                ('sheet', models.CharField(blank=True, max_length=100, verbose_name='feuille')),
                ('head', models.JSONField(default=list, verbose_name='début du fichier')),
                ('judged', models.JSONField(default=dict, verbose_name='lecture des colonnes')),
                ('mended', models.JSONField(default=dict, verbose_name='lignes corrigées')),
                ('size_unit', models.CharField(blank=True, max_length=2, verbose_name='unité des tailles')),
                ('date_order', models.CharField(blank=True, max_length=3, verbose_name='ordre des dates')),
                ('default_kind', models.CharField(blank=True, choices=[('PER', 'nominative'), ('ORG', 'organisationnelle'), ('APP', 'applicative'), ('CAB', 'de cabinet')], max_length=3, verbose_name='type par défaut')),
                ('stage', models.CharField(choices=[('opening', 'lecture du fichier en cours'), ('received', 'colonnes à vérifier'), ('reading', 'simulation en cours'), ('previewed', 'aperçu : rien n’a encore été modifié'), ('applying', 'en cours d’application'), ('applied', 'appliqué'), ('undoing', 'annulation en cours'), ('undone', 'annulé'), ('failed', 'refusé')], default='received', editable=False, max_length=10, verbose_name='étape')),
                ('reason', models.TextField(blank=True, verbose_name='raison')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='lignes traitées')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='lignes')),
                ('percent', models.PositiveSmallIntegerField(default=0, verbose_name='avancement (%)')),
                ('created', models.PositiveIntegerField(default=0, verbose_name='inscrites')),
                ('updated', models.PositiveIntegerField(default=0, verbose_name='mises à jour')),
                ('unchanged', models.PositiveIntegerField(default=0, verbose_name='inchangées')),
                ('rejected', models.PositiveIntegerField(default=0, verbose_name='rejetées')),
                ('absent', models.PositiveIntegerField(default=0, verbose_name='absentes du fichier')),
                ('corrected', models.PositiveIntegerField(default=0, verbose_name='lues avec une remarque')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='dernier signe de vie')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='appliqué le')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='annulé le')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='annulé par')),
                ('operator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='mailboxes.operator', verbose_name='opérateur')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='mailboxes.structure')),
                ('state_words', models.JSONField(default=dict, verbose_name='mots de l’état')),
                ('sort', models.CharField(choices=[('bal', 'liste de BAL d’un opérateur'), ('people', 'liste de personnes'), ('accesses', 'titulaires, cotitulaires et délégataires')], db_default='bal', default='bal', max_length=10, verbose_name='contenu')),
                ('vouched', models.CharField(blank=True, db_default='', max_length=300, verbose_name='confirmé par')),
            ],
            options={
                'verbose_name': 'import',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['sha256'], name='import_of_content')],
            },
        ),
        migrations.CreateModel(
            name='GapDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('situation', models.CharField(max_length=30, verbose_name='situation')),
                ('decision', models.CharField(choices=[('ignored', 'laissé de côté'), ('asked', 'demandé à l’opérateur')], max_length=10, verbose_name='décision')),
                ('reason', models.TextField(blank=True, verbose_name='motif')),
                ('until', models.DateField(blank=True, null=True, verbose_name='jusqu’au')),
                ('digest', models.CharField(max_length=32, verbose_name='empreinte du fait')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gap_decisions', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'décision sur un écart',
                'verbose_name_plural': 'décisions sur les écarts',
                'constraints': [models.UniqueConstraint(fields=('structure', 'situation', 'address'), name='gap_decided_once')],
            },
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True, verbose_name='domaine')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='mailboxes.operator')),
                ('structure', models.ForeignKey(blank=True, help_text='Toute adresse de ce domaine est alors la sienne. Laissez vide si d’autres structures s’en servent.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reserved_domains', to='mailboxes.structure', verbose_name='réservé à une structure')),
            ],
            options={
                'verbose_name': 'domaine',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='ColumnMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('signature', models.CharField(max_length=64, verbose_name='empreinte des en-têtes')),
                ('fields', models.JSONField(default=dict, verbose_name='champ de chaque en-tête')),
                ('size_unit', models.CharField(blank=True, max_length=2, verbose_name='unité des tailles')),
                ('date_order', models.CharField(blank=True, max_length=3, verbose_name='ordre des dates')),
                ('default_kind', models.CharField(blank=True, choices=[('PER', 'nominative'), ('ORG', 'organisationnelle'), ('APP', 'applicative'), ('CAB', 'de cabinet')], max_length=3, verbose_name='type par défaut')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('operator', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='column_mappings', to='mailboxes.operator')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='column_mappings', to='mailboxes.structure')),
                ('state_words', models.JSONField(default=dict, verbose_name='mots de l’état')),
            ],
            options={
                'verbose_name': 'lecture des colonnes',
                'verbose_name_plural': 'lectures des colonnes',
                'constraints': [models.UniqueConstraint(fields=('structure', 'operator', 'signature'), name='column_mapping_once')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(max_length=500, verbose_name='adresse')),
                ('events', models.JSONField(default=list, validators=[mailboxes.software.models.validate_events], verbose_name='évènements')),
                ('salt', models.CharField(default=mailboxes.software.models.new_salt, editable=False, max_length=32)),
                ('seen_up_to', models.BigIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='créé le')),
                ('paused_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='suspendu le')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='mailboxes.structure', verbose_name='structure')),
            ],
            options={
                'verbose_name': 'webhook',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('body', models.TextField(verbose_name='corps')),
                ('stage', models.CharField(choices=[('waiting', 'à livrer'), ('delivered', 'livrée'), ('failed', 'abandonnée')], default='waiting', max_length=10, verbose_name='étape')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='inscrite le')),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='prochain essai')),
                ('leased_until', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='essais')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='réponse')),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='échec')),
                ('delivered_at', models.DateTimeField(null=True, verbose_name='livrée le')),
                ('entry', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='mailboxes.journalentry')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='mailboxes.webhook')),
            ],
            options={
                'verbose_name': 'livraison',
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('webhook', 'entry'), name='delivery_once')],
                'indexes': [models.Index(condition=models.Q(('stage', 'waiting')), fields=['next_at'], name='delivery_due'), models.Index(fields=['webhook', '-created_at'], name='delivery_of_webhook')],
            },
        ),
        migrations.CreateModel(
            name='AccessTrace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('what', models.CharField(max_length=30, verbose_name='quoi')),
                ('target', models.CharField(blank=True, max_length=300, verbose_name='objet')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'trace d’accès',
                'verbose_name_plural': 'traces d’accès',
                'ordering': ['-at'],
                'indexes': [models.Index(fields=['at'], name='trace_at')],
            },
        ),
        migrations.CreateModel(
            name='ApplicativeFacts',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('software', models.CharField(max_length=100, verbose_name='logiciel')),
                ('certificate_expires_on', models.DateField(blank=True, null=True, verbose_name='fin du certificat')),
                ('channel', models.CharField(choices=[('software', 'logiciel métier (DPI, DUI)'), ('office', 'messagerie bureautique (Office 365, Outlook…)'), ('webmail', 'webmail de l’opérateur')], default='software', help_text='Un seul : une même BAL ne peut pas être connectée à la fois au logiciel métier et à Office 365.', max_length=10, verbose_name='canal d’accès')),
                ('certificate_warned', models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='seuil averti (jours)')),
                ('answers', models.ForeignKey(blank=True, help_text='Où écrire en réponse : une BAL applicative n’est lue par personne.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='answers_for', to='mailboxes.bal', verbose_name='BAL organisationnelle qui répond')),
                ('bal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='applicative', to='mailboxes.bal')),
            ],
            options={
                'verbose_name': 'usage applicatif',
                'verbose_name_plural': 'usages applicatifs',
                'indexes': [models.Index(condition=models.Q(('certificate_expires_on__isnull', False)), fields=['certificate_expires_on'], name='applicative_certificate')],
            },
        ),
        migrations.CreateModel(
            name='Anomaly',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('password', 'mot de passe partagé'), ('list', 'liste de diffusion'), ('forward', 'routage automatique vers des BAL nominatives'), ('connection', 'double connexion (logiciel métier et messagerie bureautique)')], max_length=10, verbose_name='anomalie')),
                ('note', models.TextField(blank=True, verbose_name='ce qui est constaté')),
                ('noted_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='constatée le')),
                ('resolved_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='close le')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='anomalies', to='mailboxes.bal')),
            ],
            options={
                'verbose_name': 'anomalie',
                'ordering': ['-noted_on', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('resolved_at', None)), fields=('bal', 'kind'), name='anomaly_once_at_a_time', violation_error_message='Cette anomalie est déjà signalée pour cette BAL.')],
            },
        ),
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=100, verbose_name='Idempotency-Key')),
                ('request', models.CharField(max_length=64, verbose_name='empreinte de la demande')),
                ('status', models.PositiveSmallIntegerField(default=0, verbose_name='statut')),
                ('answer', models.TextField(blank=True, verbose_name='réponse')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'appel de l’API',
                'indexes': [models.Index(fields=['at'], name='call_at')],
                'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='call_once')],
            },
        ),
        migrations.CreateModel(
            name='ImportLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(null=True, verbose_name='ligne')),
                ('address', models.CharField(blank=True, max_length=254, verbose_name='adresse')),
                ('outcome', models.CharField(choices=[('created', 'inscrite'), ('updated', 'mise à jour'), ('unchanged', 'inchangée'), ('rejected', 'rejetée'), ('absent', 'connue ici, absente du fichier')], max_length=10, verbose_name='résultat')),
                ('remark', models.TextField(blank=True, verbose_name='remarque')),
                ('cells', models.JSONField(default=list, verbose_name='contenu')),
                ('before', models.JSONField(default=dict, verbose_name='avant')),
                ('after', models.JSONField(default=dict, verbose_name='après')),
                ('reading_id', models.BigIntegerField(null=True, verbose_name='relevé')),
                ('verb', models.CharField(blank=True, max_length=30, verbose_name='ce qui en a été annoncé')),
                ('mark', models.BigIntegerField(null=True, verbose_name='dernière ligne de journal')),
                ('bal', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.bal')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='mailboxes.import')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.person')),
            ],
            options={
                'verbose_name': 'ligne d’import',
                'verbose_name_plural': 'lignes d’import',
                'ordering': ['number', 'pk'],
                'indexes': [models.Index(fields=['run', 'address'], name='import_line_address'), models.Index(fields=['run', 'outcome', 'number'], name='import_line_outcome')],
                'constraints': [models.UniqueConstraint(fields=('run', 'number'), name='import_line_once')],
            },
        ),
        migrations.CreateModel(
            name='ContactChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'courriel ordinaire'), ('mssante', 'messagerie MSSanté'), ('hand', 'de vive voix ou par courrier, par le gestionnaire')], max_length=10, verbose_name='prévenu par')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='courriel de notification')),
                ('mssante_address', models.CharField(blank=True, max_length=254, validators=[mailboxes.models.fields.validate_address], verbose_name='adresse MSSanté')),
                ('former_channel', models.CharField(choices=[('email', 'courriel ordinaire'), ('mssante', 'messagerie MSSanté'), ('hand', 'de vive voix ou par courrier, par le gestionnaire')], max_length=10)),
                ('former_email', models.EmailField(blank=True, max_length=254)),
                ('former_mssante_address', models.CharField(blank=True, max_length=254)),
                ('former_links_from', models.DateTimeField(null=True)),
                ('is_first', models.BooleanField(default=False, verbose_name='premières coordonnées')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='demandé le')),
                ('due_at', models.DateTimeField(verbose_name='prises en compte le')),
                ('state', models.CharField(choices=[('asked', 'à confirmer'), ('confirmed', 'confirmées'), ('applied', 'prises en compte'), ('objected', 'refusées'), ('replaced', 'remplacées')], default='asked', max_length=10, verbose_name='état')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='réglé le')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='demandé par')),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='contact_change', to='mailboxes.journalentry')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contact_changes', to='mailboxes.person')),
            ],
            options={
                'verbose_name': 'changement de coordonnées',
                'verbose_name_plural': 'changements de coordonnées',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ('asked', 'confirmed'))), fields=['due_at'], name='contact_to_apply')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('asked', 'confirmed'))), fields=('person',), name='contact_change_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Joining',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('function', models.CharField(blank=True, max_length=100, verbose_name='fonction')),
                ('arrived_on', models.DateField(blank=True, null=True, verbose_name='arrivée')),
                ('with_file', models.BooleanField(default=False, verbose_name='avec un dossier d’arrivée')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='demandé le')),
                ('expires_at', models.DateTimeField(verbose_name='expire le')),
                ('state', models.CharField(choices=[('asked', 'sans réponse'), ('accepted', 'acceptée'), ('refused', 'refusée'), ('expired', 'expirée')], default='asked', max_length=10, verbose_name='état')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='répondu le')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='demandé par')),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='joining', to='mailboxes.journalentry')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='joinings', to='mailboxes.person')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='joinings', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'demande de rattachement',
                'verbose_name_plural': 'demandes de rattachement',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'asked')), fields=['expires_at'], name='joining_to_expire')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('person', 'structure'), name='joining_once_at_a_time', violation_error_message='Ce rattachement est déjà demandé, et attend une réponse.')],
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain', models.CharField(choices=[('journal', 'journal'), ('notices', 'avis remis')], max_length=10, verbose_name='chaîne')),
                ('number', models.PositiveIntegerField(verbose_name='numéro')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='posé le')),
                ('last', models.BigIntegerField(default=0, verbose_name='dernière ligne')),
                ('until', models.DateTimeField(null=True, verbose_name='jusqu’au')),
                ('fields', models.JSONField(verbose_name='colonnes')),
                ('lines', models.JSONField(verbose_name='empreintes des lignes')),
                ('before', models.CharField(blank=True, max_length=64, verbose_name='sceau précédent')),
                ('digest', models.CharField(max_length=64, verbose_name='empreinte')),
                ('forgotten_at', models.DateTimeField(null=True, verbose_name='oublié le')),
            ],
            options={
                'verbose_name': 'sceau',
                'verbose_name_plural': 'sceaux',
                'ordering': ['chain', 'number'],
                'constraints': [models.UniqueConstraint(fields=('chain', 'number'), name='seal_once')],
            },
        ),
        migrations.CreateModel(
            name='PassedStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(unique=True, verbose_name='étape')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='passée le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
            ],
            options={
                'verbose_name': 'étape passée',
                'verbose_name_plural': 'étapes passées',
            },
        ),
        migrations.CreateModel(
            name='Desk',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='desk', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('wants_digest', models.BooleanField(db_default=True, default=True, verbose_name='résumé du lundi')),
                ('digest_on', models.DateField(blank=True, null=True, verbose_name='dernier résumé')),
                ('visited_at', models.DateTimeField(blank=True, null=True, verbose_name='dernière visite')),
                ('before_at', models.DateTimeField(blank=True, null=True, verbose_name='visite d’avant')),
            ],
            options={
                'verbose_name': 'bureau',
                'verbose_name_plural': 'bureaux',
            },
        ),
        migrations.CreateModel(
            name='Todo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('finding', models.CharField(max_length=40, verbose_name='point')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='depuis le')),
                ('paused_until', models.DateField(blank=True, null=True, verbose_name='en pause jusqu’au')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='dit fait le')),
                ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='todos', to=settings.AUTH_USER_MODEL, verbose_name='confié à')),
                ('bal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='todos', to='mailboxes.bal')),
                ('address', models.CharField(blank=True, db_default='', max_length=254, verbose_name='adresse')),
                ('movement', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='todos', to='mailboxes.movement')),
                ('structure', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'chose à faire',
                'verbose_name_plural': 'choses à faire',
                'constraints': [models.UniqueConstraint(fields=('finding', 'bal'), name='todo_once'), models.UniqueConstraint(fields=('finding', 'movement'), name='todo_of_movement_once'), models.UniqueConstraint(fields=('finding', 'structure', 'address'), name='todo_of_gap_once'), models.CheckConstraint(condition=models.Q(models.Q(('address', ''), ('bal__isnull', False), ('movement', None), ('structure', None)), models.Q(('address', ''), ('bal', None), ('movement__isnull', False), ('structure', None)), models.Q(('bal', None), ('movement', None), ('structure__isnull', False), models.Q(('address', ''), _negated=True)), _connector='OR'), name='todo_about_one_thing')],
            },
        ),
        migrations.CreateModel(
            name='Migration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(blank=True, max_length=200, verbose_name='nouveau domaine')),
                ('planned_on', models.DateField(verbose_name='bascule prévue le')),
                ('overlap_days', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MaxValueValidator(366)], verbose_name='recouvrement (jours)')),
                ('auto_reply', models.TextField(blank=True, max_length=1000, verbose_name='réponse automatique de l’ancienne BAL')),
                ('keeps_alias', models.BooleanField(default=False, verbose_name='l’ancienne adresse reste un alias')),
                ('why', models.TextField(blank=True, verbose_name='motif')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='préparée le')),
                ('launched_at', models.DateTimeField(blank=True, null=True, verbose_name='lancée le')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='annulée le')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.operator', verbose_name='nouvel opérateur')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='migrations', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'migration',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, unique=True, validators=[mailboxes.models.fields.validate_address], verbose_name='adresse')),
                ('nature', models.CharField(choices=[('kept', 'alias'), ('coming', 'adresse à venir'), ('former', 'ancienne adresse, encore ouverte')], default='kept', max_length=10, verbose_name='nature')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='depuis le')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='attendu pour le')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='mailboxes.bal')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.operator', verbose_name='opérateur')),
            ],
            options={
                'verbose_name': 'alias',
                'verbose_name_plural': 'alias',
                'ordering': ['address'],
                'constraints': [models.CheckConstraint(condition=models.Q(('address', django.db.models.functions.text.Lower('address'))), name='alias_address_lower_case'), models.CheckConstraint(condition=models.Q(('nature__in', ['kept', 'coming', 'former'])), name='alias_nature_known')],
            },
        ),
        migrations.CreateModel(
            name='MigratedBal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('former_address', models.CharField(max_length=254, verbose_name='ancienne adresse')),
                ('new_address', models.CharField(max_length=254, verbose_name='nouvelle adresse')),
                ('due_on', models.DateField(verbose_name='attendue pour le')),
                ('switched_at', models.DateTimeField(null=True, verbose_name='basculée le')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='terminée le')),
                ('left_at', models.DateTimeField(null=True, verbose_name='retirée le')),
                ('left_why', models.TextField(blank=True, verbose_name='motif du retrait')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='migrated', to='mailboxes.bal')),
                ('deletion', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mailboxes.request')),
                ('depublication', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mailboxes.request')),
                ('former_operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.operator', verbose_name='ancien opérateur')),
                ('opening', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mailboxes.request')),
                ('reply', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mailboxes.request')),
                ('migration', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='mailboxes.migration')),
            ],
            options={
                'verbose_name': 'BAL migrée',
                'verbose_name_plural': 'BAL migrées',
                'ordering': ['former_address', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None), ('left_at', None)), fields=('bal',), name='migrated_once_at_a_time', violation_error_message='Cette BAL est déjà dans une migration.')],
            },
        ),
        migrations.CreateModel(
            name='PlaceMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('service', 'service déplacé'), ('merge', 'fusion'), ('close', 'fermeture'), ('finess', 'changement de FINESS')], max_length=10, verbose_name='changement')),
                ('service', models.CharField(blank=True, max_length=90, verbose_name='service')),
                ('before', models.JSONField(default=dict, verbose_name='avant')),
                ('why', models.TextField(verbose_name='motif')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('mark', models.BigIntegerField(default=0, verbose_name='dernière ligne de journal')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='repris le')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('into', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='place_moves_into', to='mailboxes.structure')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='place_moves', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'changement de structure',
                'verbose_name_plural': 'changements de structure',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['service', 'merge', 'close', 'finess'])), name='place_move_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='demandé le')),
                ('kind', models.CharField(max_length=20, verbose_name='sorte')),
                ('act', models.CharField(max_length=40, verbose_name='acte')),
                ('facts', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='précisions')),
                ('keys', models.JSONField(default=list, verbose_name='lignes')),
                ('back', models.CharField(blank=True, max_length=1200, verbose_name='liste d’où il vient')),
                ('stage', models.CharField(choices=[('foreseen', 'à confirmer'), ('waiting', 'commence dans un instant'), ('running', 'en cours'), ('done', 'terminé'), ('stopped', 'arrêté')], default='foreseen', max_length=10, verbose_name='étape')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='commence le')),
                ('seen_at', models.DateTimeField(blank=True, null=True, verbose_name='dernier signe de vie')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='lignes traitées')),
                ('refused', models.JSONField(default=dict, verbose_name='refus')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='batches', to=settings.AUTH_USER_MODEL, verbose_name='par')),
            ],
            options={
                'verbose_name': 'acte en lot',
                'verbose_name_plural': 'actes en lot',
                'indexes': [models.Index(fields=['stage', 'starts_at'], name='batch_stage')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('listing', models.CharField(max_length=30, verbose_name='liste')),
                ('title', models.CharField(max_length=60, verbose_name='nom de la vue')),
                ('query', models.CharField(blank=True, max_length=1000, verbose_name='filtres')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='enregistrée le')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
                ('pinned_by', models.ManyToManyField(blank=True, related_name='pinned_views', to=settings.AUTH_USER_MODEL)),
                ('structure', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailboxes.structure', verbose_name='partagée avec')),
            ],
            options={
                'verbose_name': 'vue',
                'ordering': ['title', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('owner', 'listing', 'title'), name='saved_view_once', violation_error_message='Vous avez déjà une vue de ce nom : choisissez-en un autre.')],
            },
        ),
        migrations.CreateModel(
            name='Taste',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('listing', models.CharField(max_length=30, verbose_name='liste')),
                ('columns', models.JSONField(blank=True, null=True, verbose_name='colonnes')),
                ('size', models.PositiveSmallIntegerField(default=25, verbose_name='lignes par page')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tastes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'présentation d’une liste',
                'constraints': [models.UniqueConstraint(fields=('user', 'listing'), name='taste_once')],
            },
        ),
        migrations.CreateModel(
            name='Engagement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('programme', models.CharField(max_length=100, verbose_name='programme')),
                ('target', models.CharField(choices=[('opened', 'BAL ouvertes'), ('published', 'BAL à l’annuaire public'), ('used', 'BAL utilisées'), ('personal', 'BAL nominatives'), ('shared', 'BAL organisationnelles ou de cabinet')], max_length=10, verbose_name='ce qui est compté')),
                ('number', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='à atteindre')),
                ('due_on', models.DateField(verbose_name='échéance')),
                ('note', models.TextField(blank=True, max_length=500, verbose_name='précision')),
                ('reached_on', models.DateField(blank=True, editable=False, null=True, verbose_name='atteint le')),
                ('reminded_for', models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='dernier rappel (jours avant)')),
                ('closed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='clos le')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='engagements', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'engagement',
                'ordering': ['due_on', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='engagement_of_something'), models.CheckConstraint(condition=models.Q(('target__in', ['opened', 'published', 'used', 'personal', 'shared'])), name='engagement_target_known')],
            },
        ),
        migrations.CreateModel(
            name='Rating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('criterion', models.CharField(choices=[('price', 'Prix, et ce qu’il comprend'), ('protocols', 'Protocoles et logiciels (IMAP, SMTP, webmail, DPI, DUI…)'), ('access', 'Moyens d’accès (CPS, e-CPS, code à usage unique…)'), ('space', 'Espace et durée de conservation'), ('shared', 'BAL partagées, délégations'), ('support', 'Assistance et délais de réponse'), ('deployment', 'Mise en place et formation')], max_length=12, verbose_name='critère')),
                ('mark', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)], verbose_name='note')),
                ('words', models.CharField(blank=True, max_length=300, verbose_name='ce que l’opérateur propose')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ratings', to='mailboxes.operator', verbose_name='opérateur')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ratings', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'avis sur une offre',
                'verbose_name_plural': 'avis sur les offres',
                'constraints': [models.UniqueConstraint(fields=('structure', 'operator', 'criterion'), name='rating_once'), models.CheckConstraint(condition=models.Q(('mark', None), ('mark__range', (1, 5)), _connector='OR'), name='rating_of_five'), models.CheckConstraint(condition=models.Q(('mark__isnull', False), models.Q(('words', ''), _negated=True), _connector='OR'), name='rating_says_something')],
            },
        ),
        migrations.CreateModel(
            name='Recurrence',
            fields=[
                ('structure', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='review', serialize=False, to='mailboxes.structure')),
                ('every', models.CharField(choices=[('quarter', 'chaque trimestre'), ('half_year', 'deux fois par an'), ('year', 'chaque année')], max_length=10, verbose_name='fréquence')),
                ('next_on', models.DateField(verbose_name='prochaine revue le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='fixée par')),
            ],
            options={
                'verbose_name': 'revue périodique des accès',
                'verbose_name_plural': 'revues périodiques des accès',
                'constraints': [models.CheckConstraint(condition=models.Q(('every__in', ['quarter', 'half_year', 'year'])), name='review_every_known')],
            },
        ),
        migrations.CreateModel(
            name='ScimUser',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_name', models.CharField(max_length=254, verbose_name='userName')),
                ('external_id', models.CharField(blank=True, max_length=254, verbose_name='externalId')),
                ('family_name', models.CharField(max_length=100, verbose_name='nom')),
                ('given_name', models.CharField(max_length=100, verbose_name='prénom')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='courriel')),
                ('title', models.CharField(blank=True, max_length=100, verbose_name='profession')),
                ('department', models.CharField(blank=True, max_length=100, verbose_name='service')),
                ('active', models.BooleanField(default=True, verbose_name='actif')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='créé le')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='changé le')),
                ('software', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_users', to='mailboxes.software', verbose_name='logiciel')),
                ('stay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_users', to='mailboxes.affiliation', verbose_name='rattachement')),
            ],
            options={
                'verbose_name': 'personne de l’annuaire de l’établissement',
                'verbose_name_plural': 'personnes de l’annuaire de l’établissement',
                'ordering': ['created_at', 'pk'],
                'indexes': [models.Index(fields=['software', 'external_id'], name='scim_external_id')],
                'constraints': [models.UniqueConstraint(models.F('software'), django.db.models.functions.text.Lower('user_name'), name='scim_user_name_once'), models.UniqueConstraint(fields=('software', 'stay'), name='scim_stay_once')],
            },
        ),
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('ended', 'son activité dans la structure n’est plus à l’annuaire'), ('gone', 'l’annuaire ne montre plus rien de cette personne'), ('disabled', 'son compte est désactivé dans l’annuaire de l’établissement'), ('red_listed', 'elle n’est plus à l’annuaire, et son opérateur la connaît toujours')], max_length=10, verbose_name='fait')),
                ('seen_at', models.DateTimeField(verbose_name='depuis le')),
                ('noted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='relevé le')),
                ('dismissed_at', models.DateTimeField(blank=True, null=True, verbose_name='écarté le')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='motif')),
                ('bal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sightings', to='mailboxes.bal', verbose_name='BAL')),
                ('dismissed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='écarté par')),
                ('stay', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sightings', to='mailboxes.affiliation', verbose_name='rattachement')),
            ],
            options={
                'verbose_name': 'départ à confirmer',
                'verbose_name_plural': 'départs à confirmer',
                'ordering': ['-seen_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('kind', 'stay'), name='sighting_once_of_a_stay'), models.UniqueConstraint(fields=('kind', 'bal'), name='sighting_once_of_a_bal'), models.CheckConstraint(condition=models.Q(models.Q(('bal', None), ('stay__isnull', False)), models.Q(('bal__isnull', False), ('stay', None)), _connector='OR'), name='sighting_of_a_stay_or_a_bal'), models.CheckConstraint(condition=models.Q(('dismissed_at', None), models.Q(('reason', ''), _negated=True), _connector='OR'), name='sighting_dismissed_with_a_reason', violation_error_message='Dites pourquoi cette proposition est écartée.')],
            },
        ),
        migrations.CreateModel(
            name='RestingServer',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name='serveur')),
                ('until', models.DateTimeField(verbose_name='au repos jusqu’à')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='en échec depuis')),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='échec')),
            ],
            options={
                'verbose_name': 'serveur de courriel au repos',
                'verbose_name_plural': 'serveurs de courriel au repos',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='MailAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='échecs de suite')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='en échec depuis')),
                ('failure', models.CharField(blank=True, db_default='', max_length=300, verbose_name='échec')),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='prochain essai')),
                ('secret', models.TextField(blank=True, editable=False, verbose_name='secret de la BAL')),
                ('read_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='dernier relevé IMAP')),
                ('bal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='mail_access', to='mailboxes.bal')),
            ],
            options={
                'verbose_name': 'accès au serveur d’un opérateur',
                'verbose_name_plural': 'accès aux serveurs des opérateurs',
            },
        ),
        migrations.CreateModel(
            name='MailServer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='échecs de suite')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='en échec depuis')),
                ('failure', models.CharField(blank=True, db_default='', max_length=300, verbose_name='échec')),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='prochain essai')),
                ('host', models.CharField(max_length=253, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$', 'Donnez un nom de serveur, comme imap.operateur.fr, sans espace ni « https:// ».')], verbose_name='serveur')),
                ('imap_port', models.PositiveIntegerField(default=993, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)], verbose_name='port IMAP')),
                ('imap_tls', models.CharField(choices=[('tls', 'chiffré dès la connexion (port 993)'), ('starttls', 'STARTTLS (port 143)')], default='tls', max_length=8, verbose_name='chiffrement IMAP')),
                ('sieve_port', models.PositiveIntegerField(default=4190, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)], verbose_name='port ManageSieve')),
                ('auth', models.CharField(choices=[('master', 'un compte de service, qui ouvre chaque BAL (SASL PLAIN, « authorization identity »)'), ('own', 'un secret propre à chaque BAL, donné par ses titulaires')], default='master', max_length=6, verbose_name='authentification')),
                ('login', models.CharField(blank=True, max_length=100, verbose_name='compte de service')),
                ('secret', models.TextField(blank=True, editable=False, verbose_name='mot de passe du compte de service')),
                ('reads_space', models.BooleanField(default=False, verbose_name='relever l’espace occupé (IMAP QUOTA)')),
                ('is_apart', models.BooleanField(default=False, verbose_name='l’opérateur confirme que ces connexions ne comptent pas comme une utilisation')),
                ('sets_replies', models.BooleanField(default=False, verbose_name='poser les réponses automatiques (ManageSieve)')),
                ('worked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='dernière visite réussie')),
                ('leased_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('operator', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='mail_server', to='mailboxes.operator', verbose_name='opérateur')),
            ],
            options={
                'verbose_name': 'serveur d’un opérateur',
                'verbose_name_plural': 'serveurs des opérateurs',
                'ordering': ['operator__name'],
            },
        ),
        migrations.CreateModel(
            name='AutoReply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='échecs de suite')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='en échec depuis')),
                ('failure', models.CharField(blank=True, db_default='', max_length=300, verbose_name='échec')),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='prochain essai')),
                ('text', models.TextField(max_length=1000, verbose_name='texte de la réponse')),
                ('starts_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='du')),
                ('ends_on', models.DateField(verbose_name='au')),
                ('stage', models.CharField(choices=[('asked', 'demandée, pas encore en place'), ('set', 'en place chez l’opérateur'), ('ending', 'à retirer chez l’opérateur'), ('ended', 'terminée'), ('refused', 'non posée')], default='asked', max_length=7, verbose_name='étape')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='demandée le')),
                ('set_at', models.DateTimeField(blank=True, null=True, verbose_name='posée le')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='retirée le')),
                ('bal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='auto_replies', to='mailboxes.bal')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
            ],
            options={
                'verbose_name': 'réponse automatique',
                'verbose_name_plural': 'réponses automatiques',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('stage__in', ['ended', 'refused']), _negated=True), fields=('bal',), name='auto_reply_once_at_a_time', violation_error_message='Cette BAL a déjà une réponse automatique : retirez-la d’abord.'), models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='auto_reply_ends_after_it_starts', violation_error_message='Le dernier jour ne peut pas précéder le premier.')],
            },
        ),
        migrations.CreateModel(
            name='TakenAddress',
            fields=[
                ('address', models.CharField(max_length=254, primary_key=True, serialize=False)),
                ('bal_id', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'adresse prise',
                'verbose_name_plural': 'adresses prises',
            },
        ),
        migrations.CreateModel(
            name='Choice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='réglage')),
                ('value', models.JSONField(blank=True, null=True, verbose_name='valeur')),
                ('why', models.CharField(max_length=300, verbose_name='motif')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
            ],
            options={
                'verbose_name': 'réglage choisi',
                'verbose_name_plural': 'réglages choisis',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['name', '-id'], name='choice_of_threshold')],
            },
        ),
        migrations.CreateModel(
            name='OwnWords',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30, verbose_name='avis')),
                ('text', models.TextField(blank=True, max_length=300, verbose_name='texte')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
                ('structure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='own_words', to='mailboxes.structure')),
            ],
            options={
                'verbose_name': 'mot d’une structure',
                'verbose_name_plural': 'mots des structures',
                'constraints': [models.UniqueConstraint(fields=('structure', 'kind'), name='own_words_once')],
            },
        ),
        migrations.RunPython(forbid, lift),
        migrations.RunPython(watch_addresses, leave_addresses),
    ]
