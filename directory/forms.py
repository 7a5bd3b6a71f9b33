"""What a person may ask of the annuaire's copy."""

from collections.abc import Iterable

from django import forms

FILES = [
    ("extraction", "Toutes les BAL publiées (Extraction_Correspondance_MSSante)"),
    ("activities", "Activités des professionnels (PS_LibreAcces, ou PS_LibreAcces_Personne_activite)"),
    ("whitelist", "Liste blanche des domaines (listeblanchemssante.xml)"),
]


class UploadForm(forms.Form):
    source = forms.ChoiceField(label="Ce que contient le fichier", choices=FILES, initial="extraction")
    file = forms.FileField(
        label="Fichier",
        help_text="Tel que l’ANS le publie : zip, gz ou txt ; xml pour la liste blanche.",
        max_length=200,
    )
    dated = forms.DateTimeField(
        label="Date du fichier",
        help_text="À donner seulement si le nom du fichier ne la dit pas : sans elle, un ancien passerait pour neuf.",
        required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )
    dry_run = forms.BooleanField(
        label="Simuler seulement", help_text="Montre ce qui changerait, sans rien écrire.", required=False
    )
    accept_withdrawals = forms.BooleanField(
        label="Accepter la disparition de nombreuses adresses",
        help_text="À cocher seulement si le fichier est réellement complet : sinon, il est refusé par prudence.",
        required=False,
    )


class SearchForm(forms.Form):
    q = forms.CharField(
        label="Nom, adresse, RPPS, FINESS ou domaine",
        help_text="Accents, fautes de frappe et ordre des mots n’importent pas. Exemple : legof francoise.",
        max_length=200,
        required=False,
    )
    kind = forms.ChoiceField(
        label="Type",
        choices=[
            ("", "tous"),
            ("PER", "PER (nominative)"),
            ("ORG", "ORG (organisationnelle)"),
            ("APP", "APP (applicative)"),
            ("CAB", "CAB (cabinet)"),
        ],
        required=False,
    )
    profession = forms.ChoiceField(label="Profession", required=False)
    place = forms.CharField(
        label="Lieu", help_text="Département, code postal ou commune.", max_length=100, required=False
    )
    domain = forms.CharField(label="Domaine", max_length=254, required=False)

    def __init__(self, *args, professions: Iterable[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        choices = [("", "toutes"), *professions]
        self.fields["profession"] = forms.ChoiceField(label="Profession", choices=choices, required=False)


class CheckForm(forms.Form):
    address = forms.CharField(
        label="Adresse à vérifier",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
