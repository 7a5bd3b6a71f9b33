"""What the pages ask for. A form says what is asked and which action answers; it states no rule."""

from mailboxes.forms.anomalies import ApplicativeForm, NoteAnomalyForm
from mailboxes.forms.bals import (
    CorrectingMoveForm,
    DescribeForm,
    EmptyForm,
    MoveForm,
    RegisterForm,
    RequestDeletionForm,
)
from mailboxes.forms.gaps import GapFilterForm
from mailboxes.forms.holders import AddCotitulaireForm, AskExtensionForm, DelegateForm, ExtendForm, NamePrincipalForm
from mailboxes.forms.indicators import IndicatorsForm
from mailboxes.forms.movements import DepartureForm, HandOverForm, NoteForm, OpenMovementForm, SettleForm
from mailboxes.forms.notices import GiveNoticeForm, MyPreferencesForm, PreferencesForm
from mailboxes.forms.people import DescribePersonForm, PersonForm
from mailboxes.forms.person_field import PersonField
from mailboxes.forms.preferences import PlaceFilterForm
from mailboxes.forms.requests import DepublishForm, LayoutForm, RequestStepForm
from mailboxes.forms.space import MoreSpaceForm

__all__ = [
    "AddCotitulaireForm",
    "ApplicativeForm",
    "AskExtensionForm",
    "CorrectingMoveForm",
    "DelegateForm",
    "DepartureForm",
    "DepublishForm",
    "DescribeForm",
    "DescribePersonForm",
    "EmptyForm",
    "ExtendForm",
    "GapFilterForm",
    "GiveNoticeForm",
    "HandOverForm",
    "IndicatorsForm",
    "LayoutForm",
    "MoreSpaceForm",
    "MoveForm",
    "MyPreferencesForm",
    "NamePrincipalForm",
    "NoteAnomalyForm",
    "NoteForm",
    "OpenMovementForm",
    "PersonField",
    "PersonForm",
    "PlaceFilterForm",
    "PreferencesForm",
    "RegisterForm",
    "RequestDeletionForm",
    "RequestStepForm",
    "SettleForm",
]
