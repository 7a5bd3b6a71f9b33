"""How the domain says no."""

from django.core.exceptions import ValidationError


class Refused(ValidationError):
    """The domain says no, in words fit for the user; `code` is stable."""


class NotAllowed(Refused):
    """No, because of who asks."""


def allows(check, *args, **kwargs) -> bool:
    try:
        check(*args, **kwargs)
    except Refused:
        return False
    return True


def check_row(row, exclude=None) -> None:
    """What is about one row alone is stated by its fields and constraints; this says it in the domain's voice."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        labels = {field.name: field.verbose_name for field in row._meta.get_fields() if hasattr(field, "verbose_name")}
        sentences = [
            message if name not in labels else f"{str(labels[name]).capitalize()} : {message}"
            for name, messages in error.message_dict.items()
            for message in messages
        ]
        raise Refused(" ".join(sentences), "invalid") from error
