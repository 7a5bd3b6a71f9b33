"""What the pages ask for. A form says what is asked and which action answers; it states no rule."""

from mailboxes.forms.bals import DescribeForm, EmptyForm, MoveForm, RegisterForm, RequestDeletionForm
from mailboxes.forms.bulk import BulkForm, KitsForm
from mailboxes.forms.gaps import GapFilterForm, RemedyForm
from mailboxes.forms.holders import AddCotitulaireForm, DelegateForm, NamePrincipalForm
from mailboxes.forms.movements import DepartureForm, HandOverForm, NoteForm, OpenMovementForm, SettleForm
from mailboxes.forms.notices import GiveNoticeForm, PreferencesForm
from mailboxes.forms.people import DescribePersonForm, PersonField, PersonForm
from mailboxes.forms.preferences import PlaceFilterForm
from mailboxes.forms.requests import DepublishForm, LayoutForm, RequestBulkForm, StepForm
from mailboxes.forms.space import MoreSpaceForm

__all__ = [
    "AddCotitulaireForm",
    "BulkForm",
    "DelegateForm",
    "DepartureForm",
    "DepublishForm",
    "DescribeForm",
    "DescribePersonForm",
    "EmptyForm",
    "GapFilterForm",
    "GiveNoticeForm",
    "HandOverForm",
    "KitsForm",
    "LayoutForm",
    "MoreSpaceForm",
    "MoveForm",
    "NamePrincipalForm",
    "NoteForm",
    "OpenMovementForm",
    "PersonField",
    "PersonForm",
    "PlaceFilterForm",
    "PreferencesForm",
    "RegisterForm",
    "RemedyForm",
    "RequestBulkForm",
    "RequestDeletionForm",
    "SettleForm",
    "StepForm",
]
