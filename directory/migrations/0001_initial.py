"""PostgreSQL needs the extensions pg_trgm and unaccent. Since PostgreSQL 13 the owner of the database may create them;
elsewhere an administrator does, once, before this migration.
"""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.utils.timezone
from django.db import DatabaseError, migrations, models, transaction

from directory.search_index import POSTGRESQL_INDEX, POSTGRESQL_TABLES, SEARCH, SQLITE_TABLES, WORD


EXTENSIONS = ["pg_trgm", "unaccent"]
SENTENCE = """
L'extension PostgreSQL « {name} » manque et ce compte ne peut pas la créer ({error}).
Demandez à l'administrateur de la base d'exécuter, dans la base « {database} » :
    CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent;
(sous Debian elles viennent avec le paquet postgresql), puis relancez « manage.py migrate ».

The PostgreSQL extension "{name}" is missing and this role may not create it. Have an administrator run the line above
in the database "{database}" (on Debian the extensions come with the package postgresql), then migrate again.
"""


class MissingExtension(Exception):
    pass


def create(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        for statement in SQLITE_TABLES:
            schema_editor.execute(statement)
        return
    for name in EXTENSIONS:
        create_extension(schema_editor, name)
    schema_editor.execute(POSTGRESQL_TABLES, params=None)
    schema_editor.execute(POSTGRESQL_INDEX, params=None)


def create_extension(schema_editor, name):
    connection = schema_editor.connection
    try:
        with transaction.atomic(using=connection.alias):
            schema_editor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
    except DatabaseError as error:
        words = {"name": name, "error": str(error).strip(), "database": connection.settings_dict["NAME"]}
        raise MissingExtension(SENTENCE.format(**words)) from error


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute(f"DROP TABLE {SEARCH}_terms")
    for table in (SEARCH, WORD):
        schema_editor.execute(f"DROP TABLE {table}")


class Migration(migrations.Migration):

    initial = True

    # Those that the initial one was made of: a database that had them all goes on from here.
    replaces = [
        ('directory', '0002_phase'),
        ('directory', '0003_places'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SourceState',
            fields=[
                ('source', models.CharField(max_length=30, primary_key=True, serialize=False, verbose_name='source')),
                ('generated_at', models.DateTimeField(blank=True, null=True, verbose_name='date du fichier')),
                ('scope', models.CharField(blank=True, max_length=32, verbose_name='périmètre')),
                ('lines', models.PositiveIntegerField(default=0, verbose_name='lignes du fichier')),
            ],
            options={
                'verbose_name': "état d'une source",
            },
        ),
        migrations.CreateModel(
            name='SyncRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=30, verbose_name='source')),
                ('status', models.CharField(choices=[('waiting', 'en attente'), ('running', 'en cours'), ('applied', 'appliquée'), ('unchanged', 'sans changement'), ('refused', 'refusée'), ('failed', 'en échec'), ('dry-run', 'simulation')], default='running', max_length=10, verbose_name='état')),
                ('reason', models.TextField(blank=True, verbose_name='raison')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='début')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='dernier signe de vie')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='fin')),
                ('generated_at', models.DateTimeField(blank=True, null=True, verbose_name='date du fichier')),
                ('origin', models.CharField(blank=True, max_length=500, verbose_name='origine')),
                ('bytes_read', models.BigIntegerField(default=0, verbose_name='octets lus')),
                ('bytes_total', models.BigIntegerField(default=0, verbose_name='octets à lire')),
                ('lines', models.PositiveIntegerField(default=0, verbose_name='lignes')),
                ('rejected', models.PositiveIntegerField(default=0, verbose_name='lignes écartées')),
                ('addresses', models.PositiveIntegerField(default=0, verbose_name='adresses')),
                ('appeared', models.PositiveIntegerField(default=0, verbose_name='apparues')),
                ('changed', models.PositiveIntegerField(default=0, verbose_name='modifiées')),
                ('withdrawn', models.PositiveIntegerField(default=0, verbose_name='retirées')),
                ('seconds', models.FloatField(default=0, verbose_name='durée (s)')),
                ('preview', models.JSONField(blank=True, default=list, verbose_name="aperçu d'une simulation")),
                ('upload', models.JSONField(blank=True, null=True)),
                ('phase', models.CharField(choices=[('fetching', 'téléchargement'), ('reading', 'lecture'), ('writing', 'comparaison et écriture')], db_default='fetching', default='fetching', max_length=10, verbose_name='phase')),
            ],
            options={
                'verbose_name': 'synchronisation',
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=30, verbose_name='source')),
                ('ordinal', models.PositiveIntegerField(default=1, verbose_name='rang')),
                ('digest', models.CharField(max_length=32, verbose_name='empreinte')),
                ('first_seen_at', models.DateTimeField(verbose_name='vue la première fois')),
                ('changed_at', models.DateTimeField(verbose_name='modifiée le')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='retirée le')),
                ('person_id_type', models.TextField(blank=True, verbose_name="type d'identifiant PP")),
                ('person_id', models.TextField(blank=True, verbose_name='identifiant PP')),
                ('national_id', models.CharField(max_length=254, verbose_name='identification nationale PP')),
                ('civility', models.TextField(blank=True, verbose_name='civilité')),
                ('family_name', models.TextField(blank=True, verbose_name="nom d'exercice")),
                ('given_name', models.TextField(blank=True, verbose_name="prénom d'exercice")),
                ('profession_code', models.TextField(blank=True, verbose_name='code profession')),
                ('profession', models.TextField(blank=True, verbose_name='profession')),
                ('category_code', models.TextField(blank=True, verbose_name='code catégorie')),
                ('category', models.TextField(blank=True, verbose_name='catégorie de profession')),
                ('skill_code', models.TextField(blank=True, verbose_name='code savoir-faire')),
                ('skill', models.TextField(blank=True, verbose_name='savoir-faire')),
                ('mode_code', models.TextField(blank=True, verbose_name="code mode d'exercice")),
                ('mode', models.TextField(blank=True, verbose_name="mode d'exercice")),
                ('siret', models.TextField(blank=True, verbose_name='SIRET du site')),
                ('siren', models.TextField(blank=True, verbose_name='SIREN du site')),
                ('finess_site', models.TextField(blank=True, verbose_name='FINESS du site')),
                ('finess_ej', models.TextField(blank=True, verbose_name="FINESS de l'entité juridique")),
                ('technical_id', models.TextField(blank=True, verbose_name='identifiant technique de la structure')),
                ('structure_name', models.TextField(blank=True, verbose_name='raison sociale')),
                ('trade_name', models.TextField(blank=True, verbose_name='enseigne commerciale')),
                ('address_l2', models.TextField(blank=True, verbose_name='complément destinataire')),
                ('address_l3', models.TextField(blank=True, verbose_name='complément géographique')),
                ('street_number', models.TextField(blank=True, verbose_name='numéro de voie')),
                ('street_number_suffix', models.TextField(blank=True, verbose_name='complément de numéro')),
                ('street_type', models.TextField(blank=True, verbose_name='type de voie')),
                ('street_name', models.TextField(blank=True, verbose_name='voie')),
                ('address_l6', models.TextField(blank=True, verbose_name='acheminement')),
                ('postcode', models.TextField(blank=True, verbose_name='code postal')),
                ('town', models.TextField(blank=True, verbose_name='commune')),
                ('sector_code', models.TextField(blank=True, verbose_name="code secteur d'activité")),
                ('sector', models.TextField(blank=True, verbose_name="secteur d'activité")),
                ('function_code', models.TextField(blank=True, verbose_name='code fonction')),
                ('function', models.TextField(blank=True, verbose_name='fonction')),
                ('genre_code', models.TextField(blank=True, verbose_name="code genre d'activité")),
                ('genre', models.TextField(blank=True, verbose_name="genre d'activité")),
            ],
            options={
                'verbose_name': "situation d'exercice",
                'verbose_name_plural': "situations d'exercice",
                'constraints': [models.UniqueConstraint(fields=('national_id', 'source', 'ordinal'), name='activity_once')],
                'indexes': [models.Index(fields=['finess_site'], name='activity_finess_site'), models.Index(fields=['finess_ej'], name='activity_finess_ej')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=30, verbose_name='source')),
                ('ordinal', models.PositiveIntegerField(default=1, verbose_name='rang')),
                ('digest', models.CharField(max_length=32, verbose_name='empreinte')),
                ('first_seen_at', models.DateTimeField(verbose_name='vue la première fois')),
                ('changed_at', models.DateTimeField(verbose_name='modifiée le')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='retirée le')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('domain', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Substr('address', django.db.models.expressions.CombinedExpression(django.db.models.functions.text.StrIndex('address', models.Value('@')), '+', models.Value(1))), output_field=models.CharField(max_length=254, verbose_name='domaine'))),
                ('kind', models.TextField(verbose_name='type')),
                ('person_id_type', models.TextField(blank=True, verbose_name="type d'identifiant PP")),
                ('person_id', models.TextField(blank=True, verbose_name='identifiant PP')),
                ('national_id', models.TextField(blank=True, verbose_name='identification nationale PP')),
                ('structure_id_type', models.TextField(blank=True, verbose_name="type d'identifiant de structure")),
                ('structure_id', models.TextField(blank=True, verbose_name='identifiant de structure')),
                ('service', models.TextField(blank=True, verbose_name='service de rattachement')),
                ('civility', models.TextField(blank=True, verbose_name='civilité')),
                ('family_name', models.TextField(blank=True, verbose_name="nom d'exercice")),
                ('given_name', models.TextField(blank=True, verbose_name="prénom d'exercice")),
                ('category_code', models.TextField(blank=True, verbose_name='code catégorie')),
                ('category', models.TextField(blank=True, verbose_name='catégorie de profession')),
                ('profession_code', models.TextField(blank=True, verbose_name='code profession')),
                ('profession', models.TextField(blank=True, verbose_name='profession')),
                ('skill_code', models.TextField(blank=True, verbose_name='code savoir-faire')),
                ('skill', models.TextField(blank=True, verbose_name='savoir-faire')),
                ('paperless', models.TextField(blank=True, verbose_name='dématérialisation')),
                ('structure_name', models.TextField(blank=True, verbose_name='raison sociale')),
                ('trade_name', models.TextField(blank=True, verbose_name='enseigne commerciale')),
                ('address_l2', models.TextField(blank=True, verbose_name='complément de localisation')),
                ('address_l3', models.TextField(blank=True, verbose_name='complément de distribution')),
                ('street_number', models.TextField(blank=True, verbose_name='numéro de voie')),
                ('street_number_suffix', models.TextField(blank=True, verbose_name='complément de numéro')),
                ('street_type', models.TextField(blank=True, verbose_name='type de voie')),
                ('street_name', models.TextField(blank=True, verbose_name='voie')),
                ('address_l5', models.TextField(blank=True, verbose_name='lieu-dit')),
                ('address_l6', models.TextField(blank=True, verbose_name='acheminement')),
                ('postcode', models.TextField(blank=True, verbose_name='code postal')),
                ('department', models.TextField(blank=True, verbose_name='département')),
                ('country', models.TextField(blank=True, verbose_name='pays')),
                ('rank', models.TextField(blank=True, verbose_name='préférence')),
                ('holder', models.TextField(blank=True, verbose_name='porteur dans la source')),
            ],
            options={
                'verbose_name': "inscription à l'annuaire",
                'verbose_name_plural': "inscriptions à l'annuaire",
                'indexes': [models.Index(fields=['person_id', 'structure_id'], name='entry_person_place'), models.Index(fields=['structure_id'], name='entry_structure'), models.Index(fields=['domain'], name='entry_domain')],
                'constraints': [models.UniqueConstraint(fields=('address', 'source', 'ordinal'), name='entry_once')],
            },
        ),
        migrations.CreateModel(
            name='RejectedLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='ligne')),
                ('reason', models.CharField(max_length=300, verbose_name='raison')),
                ('text', models.TextField(verbose_name='contenu')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rejected_lines', to='directory.syncrun')),
            ],
            options={
                'verbose_name': 'ligne écartée',
                'verbose_name_plural': 'lignes écartées',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='TrustedDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=30, verbose_name='source')),
                ('ordinal', models.PositiveIntegerField(default=1, verbose_name='rang')),
                ('digest', models.CharField(max_length=32, verbose_name='empreinte')),
                ('first_seen_at', models.DateTimeField(verbose_name='vue la première fois')),
                ('changed_at', models.DateTimeField(verbose_name='modifiée le')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='retirée le')),
                ('name', models.CharField(max_length=254, verbose_name='domaine')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('operator', models.TextField(blank=True, verbose_name='opérateur')),
                ('operator_siret', models.TextField(blank=True, verbose_name="SIRET de l'opérateur")),
                ('contact', models.TextField(blank=True, verbose_name='responsable')),
                ('support', models.TextField(blank=True, verbose_name='assistance')),
                ('updated_on', models.TextField(blank=True, verbose_name='mise à jour')),
            ],
            options={
                'verbose_name': 'domaine de confiance',
                'verbose_name_plural': 'domaines de confiance',
                'constraints': [models.UniqueConstraint(fields=('name', 'source', 'ordinal'), name='trusted_domain_once')],
            },
        ),
        migrations.CreateModel(
            name='Figure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dimension', models.CharField(choices=[('total', 'ensemble'), ('kind', 'type de BAL'), ('department', 'département'), ('structure', 'nature de structure'), ('identifier', 'identifiant de structure'), ('profession', 'profession'), ('domain', 'domaine')], max_length=10, verbose_name='dimension')),
                ('key', models.TextField(blank=True, verbose_name='clé')),
                ('label', models.TextField(blank=True, verbose_name='libellé')),
                ('count', models.PositiveIntegerField(verbose_name='nombre')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='directory.syncrun')),
            ],
            options={
                'verbose_name': "chiffre de l'observatoire",
                'verbose_name_plural': "chiffres de l'observatoire",
                'constraints': [models.UniqueConstraint(fields=('run', 'dimension', 'key'), name='figure_once')],
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('kind', models.CharField(choices=[('appeared', 'apparue'), ('changed', 'modifiée'), ('withdrawn', "absente de l'annuaire public (supprimée, non publiée ou en liste rouge)")], max_length=10, verbose_name='nature')),
                ('details', models.JSONField(blank=True, default=dict, verbose_name='détail')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='directory.syncrun')),
            ],
            options={
                'verbose_name': 'changement',
                'indexes': [models.Index(fields=['address'], name='change_address')],
            },
        ),
        # The tables of the search are no models: each database has its own kind (see directory/search_index.py).
        migrations.RunPython(create, drop),
    ]
