"""What the pages ask for. A form says what is asked and which action answers; it states no rule."""

from mailboxes.forms.bals import DescribeForm, EmptyForm, MoveForm, RegisterForm, RequestDeletionForm
from mailboxes.forms.bulk import BulkForm
from mailboxes.forms.gaps import GapFilterForm, RemedyForm
from mailboxes.forms.holders import AddCotitulaireForm, DelegateForm, NamePrincipalForm
from mailboxes.forms.imports import ImportColumnsForm, ImportForm
from mailboxes.forms.notices import GiveNoticeForm, PreferencesForm
from mailboxes.forms.people import PersonField, PersonForm
from mailboxes.forms.requests import DepublishForm, LayoutForm, RequestBulkForm, StepForm

__all__ = [
    "AddCotitulaireForm",
    "BulkForm",
    "DelegateForm",
    "DepublishForm",
    "DescribeForm",
    "EmptyForm",
    "GapFilterForm",
    "GiveNoticeForm",
    "ImportColumnsForm",
    "ImportForm",
    "LayoutForm",
    "MoveForm",
    "NamePrincipalForm",
    "PersonField",
    "PersonForm",
    "PreferencesForm",
    "RegisterForm",
    "RemedyForm",
    "RequestBulkForm",
    "RequestDeletionForm",
    "StepForm",
]
