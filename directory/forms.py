"""What a person may ask of the annuaire's copy."""

from django import forms


class UploadForm(forms.Form):
    file = forms.FileField(
        label="Fichier de l'annuaire",
        help_text="Extraction_Correspondance_MSSante, en zip ou en txt.",
        max_length=200,
    )
    dry_run = forms.BooleanField(
        label="Simuler seulement", help_text="Montre ce qui changerait, sans rien écrire.", required=False
    )
    accept_withdrawals = forms.BooleanField(
        label="Accepter la disparition de nombreuses adresses",
        help_text="À cocher seulement si le fichier est réellement complet : sinon, il est refusé par prudence.",
        required=False,
    )
