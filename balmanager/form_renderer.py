"""Gives every form field Tabler's CSS classes, so that forms need not name them."""

from django.forms.renderers import TemplatesSetting

CSS_CLASSES = {
    "checkbox": "form-check-input",
    "radio": "form-check-input",
    "range": "form-range",
    "color": "form-control form-control-color",
    "hidden": "",
    "select": "form-select",
}


class FormRenderer(TemplatesSetting):
    def render(self, template_name, context, request=None):
        if "widget" in context:
            dress(context["widget"])
        return super().render(template_name, context, request)


def dress(widget):
    """Add the CSS classes to a widget's attributes, or to those of its parts."""
    options = [option for _, group, _ in widget.get("optgroups", []) for option in group]
    if options and options[0]["type"] in (
        "radio",
        "checkbox",
    ):  # radio buttons, checkboxes: each is an input of its own
        for option in options:
            dress(option)
    elif widget.get("subwidgets"):
        for part in widget["subwidgets"]:
            dress(part)
    else:
        kind = "select" if "optgroups" in widget else widget.get("type")
        add_class(widget["attrs"], CSS_CLASSES.get(kind, "form-control"))
        if widget["attrs"].get("aria-invalid") == "true":
            add_class(widget["attrs"], "is-invalid")


def add_class(attrs, name):
    if name and name not in attrs.get("class", "").split():
        attrs["class"] = f"{attrs.get('class', '')} {name}".strip()
