"""What the pages ask for. A form says what is asked and which action answers; it states no rule."""

from mailboxes.forms.anomalies import ApplicativeForm, NoteAnomalyForm
from mailboxes.forms.bals import DescribeForm, EmptyForm, MoveForm, RegisterForm, RequestDeletionForm
from mailboxes.forms.bulk import BulkForm
from mailboxes.forms.gaps import GapFilterForm, RemedyForm
from mailboxes.forms.holders import AddCotitulaireForm, DelegateForm, NamePrincipalForm
from mailboxes.forms.indicators import IndicatorsForm
from mailboxes.forms.people import PersonField, PersonForm
from mailboxes.forms.protocol import ProtocolForm

__all__ = [
    "AddCotitulaireForm",
    "ApplicativeForm",
    "BulkForm",
    "DelegateForm",
    "DescribeForm",
    "EmptyForm",
    "GapFilterForm",
    "IndicatorsForm",
    "MoveForm",
    "NamePrincipalForm",
    "NoteAnomalyForm",
    "PersonField",
    "PersonForm",
    "ProtocolForm",
    "RegisterForm",
    "RemedyForm",
    "RequestDeletionForm",
]
