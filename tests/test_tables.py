"""The head of a table, as every page draws it."""

from django.template import Context, Template


def head(words: str, **context) -> str:
    drawn = Template("{% head " + words + " %}").render(Context(context))
    return " ".join(drawn.split())


def test_each_label_heads_a_column_and_those_of_numbers_stand_to_the_right():
    assert head('"Adresse" "#Coût"') == (
        '<thead> <tr> <th scope="col" >Adresse</th> <th scope="col" class="text-end">Coût</th> </tr> </thead>'
    )


def test_a_column_of_buttons_comes_last_and_is_named_to_who_hears_the_page():
    hidden = '<th scope="col"> <span class="visually-hidden">Actions</span> </th> </tr>'
    assert hidden in head('"Clé" acts=may', may=True)
    assert "Actions" not in head('"Clé" acts=may', may=False)


def test_what_a_label_says_is_text():
    assert "&lt;b&gt;" in head("label", label="<b>")
