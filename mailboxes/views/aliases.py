"""The other addresses of a BAL, entered and taken out by hand."""

from django.shortcuts import get_object_or_404

from mailboxes import actions
from mailboxes.forms.aliases import AliasForm
from mailboxes.forms.bals import MoveForm
from mailboxes.lifecycle import Act
from mailboxes.models import Alias
from mailboxes.rules import check_drop_alias
from mailboxes.views.acts import ActView
from mailboxes.views.seen import bal_or_404


class AddAliasView(ActView):
    act = Act.ADD_ALIAS
    form_class = AliasForm
    done = "L’alias est inscrit : cette adresse mène désormais à la BAL."
    warning = (
        "À inscrire quand l’opérateur garde une seconde adresse qui arrive dans cette BAL, comme après un changement "
        "de nom. Rien n’est demandé à l’opérateur ; l’alias ne compte ni ne coûte."
    )


class DropAliasView(ActView):
    act = Act.DROP_ALIAS
    form_class = MoveForm
    done = "L’alias est retiré."
    alias: Alias

    def find(self):
        self.alias = get_object_or_404(Alias.objects.visible_to(self.request.user), pk=self.kwargs["alias"])
        self.alias.bal = bal_or_404(self.alias.bal_id, self.request.user)
        return self.alias.bal

    def setup(self, request, *args, **kwargs):
        self.request = request
        super().setup(request, *args, **kwargs)
        self.warning = f"{self.alias} ne mènera plus à cette BAL au registre."

    def check(self, *, by):
        check_drop_alias(self.alias, by=by)

    def perform(self, form, *, by):
        return actions.drop_alias(self.alias, by=by, why=form.cleaned_data["note"])
