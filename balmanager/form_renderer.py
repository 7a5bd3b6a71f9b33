"""Gives every form field Tabler's CSS classes, so that forms need not name them."""

from django.forms.renderers import TemplatesSetting

CSS_CLASSES = {
    "checkbox": "form-check-input",
    "radio": "form-check-input",
    "range": "form-range",
    "color": "form-control form-control-color",
    "hidden": "",
}


class FormRenderer(TemplatesSetting):
    def render(self, template_name, context, request=None):
        if "widget" in context:
            dress(context["widget"])
        return super().render(template_name, context, request)


def dress(widget):
    """Add the CSS classes to one widget's attributes; the parts of a composed widget are dressed one by one."""
    parts = widget.get("subwidgets") or [option for _, options, _ in widget.get("optgroups", []) for option in options]
    kind = widget.get("type", "")
    if kind in ("radio", "checkbox") and parts:  # a list of choices: each is an input of its own
        for part in parts:
            add_class(part["attrs"], "form-check-input")
        return
    if widget.get("subwidgets"):
        for part in parts:
            dress(part)
        return
    is_select = "optgroups" in widget
    add_class(widget["attrs"], "form-select" if is_select else CSS_CLASSES.get(kind, "form-control"))
    if widget["attrs"].get("aria-invalid") == "true":
        add_class(widget["attrs"], "is-invalid")


def add_class(attrs, name):
    if name and name not in attrs.get("class", "").split():
        attrs["class"] = f"{attrs.get('class', '')} {name}".strip()
