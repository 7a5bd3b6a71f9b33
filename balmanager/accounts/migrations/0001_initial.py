import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254, verbose_name='adresse')),
                ('role', models.CharField(choices=[('gestionnaire', 'gestionnaire'), ('reader', 'lecteur'), ('administrator', 'administrateur de la plateforme')], max_length=20, verbose_name='rôle')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='envoyée le')),
                ('expires_at', models.DateTimeField(verbose_name='expire le')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='acceptée le')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='retirée le')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'compte',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='AccountEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('what', models.CharField(choices=[('refused', 'connexion refusée'), ('throttled', 'connexions suspendues un moment après trop d’essais'), ('factor_refused', 'second facteur refusé'), ('identity_refused', 'réponse du fournisseur d’identité refusée'), ('new_browser', 'connexion depuis un navigateur inconnu'), ('session_closed', 'session fermée'), ('address_asked', 'changement d’adresse demandé'), ('address_changed', 'adresse changée'), ('password_changed', 'mot de passe changé'), ('password_reset', 'mot de passe choisi par un lien'), ('factor_added', 'second facteur ajouté'), ('factor_removed', 'second facteur retiré'), ('factor_reset', 'second facteur réinitialisé par un administrateur'), ('identity_linked', 'identité extérieure reliée'), ('tied', 'compte rattaché à une personne'), ('untied', 'compte détaché d’une personne'), ('invited', 'invitation envoyée'), ('uninvited', 'invitation retirée'), ('granted', 'rôle donné'), ('withdrawn', 'rôle retiré'), ('closed', 'compte désactivé'), ('reopened', 'compte réactivé')], max_length=30, verbose_name='quoi')),
                ('before', models.CharField(blank=True, max_length=300, verbose_name='avant')),
                ('after', models.CharField(blank=True, max_length=300, verbose_name='après')),
                ('client', models.GenericIPAddressField(null=True, verbose_name='depuis')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='précision')),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='account_entries', to=settings.AUTH_USER_MODEL, verbose_name='compte')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par')),
            ],
            options={
                'verbose_name': 'ligne du journal des comptes',
                'verbose_name_plural': 'journal des comptes',
                'ordering': ['-at', '-pk'],
            },
        ),
    ]
