"""The field's own words: each row holds the ways to say one thing, whichever is typed or stands in the annuaire.

A star stands for any ending. Words that tell nothing of whom or what (« de », « les ») are left out of the rows, as
they are of what is compared with them. A word may stand in several rows: it then means any of them. What stands behind
« ~ » is near, not the same: whoever looks for the row is shown it too, but it is never taken for the service asked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from enum import Enum
from functools import cache
from typing import NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Said of people, and of nobody in particular: before a name they are left out.
TITLES = _words(
    "dr drs docteur docteure docteurs doctoresse pr prs prof professeur professeure mr mm mme mmes mlle mlles "
    "monsieur messieurs madame mesdames mademoiselle mesdemoiselles maitre"
)
LONE_TITLE = "m"  # of Monsieur, at the beginning of what is typed; elsewhere an initial
# Parts of names that are often forgotten, or stuck to the next word.
PARTICLES = _words(
    "a au aux d da de del della den der des di do dos du e el en et l la las le les lo los of sur sous s par pour chez "
    "dans van von vom zu y"
)
SURNAMES = _words("le la do da di lo van")  # particles that are also whole names
# Say that a service is looked for, not which.
OF_A_SERVICE = _words(
    "service services serv svc unite unites uf um departement dept pole poles secretariat consultation"
)
# Said to a person at the telephone rather than to a search.
SPOKEN = _words(
    "je il elle on qui que quel quelle est un une ce cet cette mon ma mes son sa notre votre nos vos vous avez avoir "
    "voudrais veux besoin faut allo bonjour bonsoir merci svp plait cherche trouver joindre ecrire envoyer recherche"
)
# What distinguishes no service and no house.
VAGUE = _words(
    "secteur secretaire secretariats sec consultations cs cslt equipe bureau cabinet cabinets etablissement "
    "etablissements structure site medical medicale medicaux bal boite boites lettre lettres mail mails email courriel "
    "adresse adresses messagerie messageries mailto mssante mss securisee securise contact coordonnees cedex bp "
    "externe externes liberal liberale specialiste chef praticien ph nom prenom ville commune tel telephone fax"
)
WEAK = OF_A_SERVICE | SPOKEN | VAGUE  # looked for first as a name, then left out
# Départements of several words, as people write them; those of one word are found like any other word.
DEPARTMENTS = frozenset(
    """alpes de haute provence|hautes alpes|alpes maritimes|bouches du rhone|charente maritime|corse du sud|haute corse|
cote d or|cotes d armor|deux sevres|eure et loir|haute garonne|hautes pyrenees|ille et vilaine|indre et loire|
loir et cher|haute loire|loire atlantique|lot et garonne|maine et loire|haute marne|meurthe et moselle|pas de calais|
puy de dome|pyrenees atlantiques|pyrenees orientales|bas rhin|haut rhin|haute saone|saone et loire|haute savoie|
seine maritime|seine et marne|seine saint denis|tarn et garonne|val d oise|val de marne|haute vienne|
territoire de belfort|hauts de seine|la reunion""".replace("\n", "").split("|")
)
# Before a number, what it is.
LABELS = _words("rpps finess siret siren adeli no n num numero nos identifiant id national et ej idnps idnst")


class WordKind(Enum):
    """What a row is about: the first words of a question to be given up are a speciality's, a name's never are."""

    SPELLING = "a word of a name or a place, and its abbreviation"
    HOUSE = "a sort of structure"
    SPECIALITY = "a speciality, a profession or a service"


# The first block: what people call « l’hôpital ». Asked for one, another is offered where there is none, and told so.
HOSPITALS = """
ch | centre hospitalier
chu | chru | centre hospitalier universitaire | centre hospitalier regional universitaire
chr | chru | centre hospitalier regional
chi | chic | centre hospitalier intercommunal
chs | epsm | chsp | centre hospitalier specialise | public sante mentale | centre psychotherapique
gh | ghu | groupe hospitalier | groupement hospitalier
ght | groupement hospitalier territoire
aphp | ap hp | assistance publique hopitaux paris | assistance publique paris | chu paris
aphm | ap hm | assistance publique hopitaux marseille | assistance publique marseille | chu marseille
hcl | hospices civils lyon | chu lyon | centre hospitalier universitaire lyon
hus | hopitaux universitaires strasbourg
hia | hopital instruction armees
hopital* | hopit* | hospit | hop
"""

HOUSES = """
clinique* | polyclinique* | clin
ehpad | hebergement personnes agees dependantes | maison retraite | residence retraite | mapad | mrs
usld | sld | soins longue duree | long sejour
ssiad | soins infirmiers domicile | spasad | sad
had | hospitalisation domicile
ssr | smr | soins suite readaptation | soins suite | soins medicaux readaptation | suites readaptation
msp | maison sante pluriprofessionnelle | maison sante pluridisciplinaire | maison sante | mds | pole sante
cpts | communaute professionnelle territoriale sante | communaute professionnelle
cds | centre sante
cms | centre medico social
cmp | centre medico psychologique | centre medicopsychologique
cmpp | centre medico psycho pedagogique
cattp | centre accueil therapeutique temps partiel
camsp | centre action medico sociale precoce
csapa | centre soins accompagnement prevention addictologie
ime | institut medico educatif
itep | ditep | institut therapeutique educatif pedagogique
sessad | education speciale soins domicile
esat | aide travail | accompagnement travail
samsah | accompagnement medico social adultes handicapes
savs | accompagnement vie sociale
mas | maison accueil specialise*
fam | eam | accueil medicalise
pmi | protection maternelle infantile
clcc | centre lutte cancer | centre lutte contre cancer
dac | dispositif appui coordination
mdph | maison departementale personnes handicapees
labo* | lbm | labm | laboratoire biologie medicale
pharma | pharmac* | pui | pharmacie usage interieur ~ officine
residence | res ~ ehpad
foyer | foy
institut | inst
fondation | fond
centre | ctre | ctr
"""

# Specialities of the ordre (savoir-faire), professions and services, with what people say instead.
SPECIALITIES = """
cardio* | maladies vasculaires
usic | usi cardio* | usc cardiologique | soins intensifs cardiologiques | soins intensifs cardiologie
orl | oto rhino* | otorhino* | oto* | laryngolog* | cervico faciale
gyneco* | gyn ~ obstetri* | obst
obstetri* | obst ~ maternite | mater
maternite | mater ~ obstetri* | naissance*
sage femme | sages femmes | sf | maieuti*
pneumo* | maladies respiratoires
dermat* | venereolog* | derm
ophta* | oph | ophthalm*
gastro | gastroent* | hge | enterolog* | hepato gastro* ~ hepato* | digestive
hepato* ~ hge | gastro | gastroent*
digestif | viscerale | visceral | digestive
neurolog* | neuro ~ neurovasculaire
unv | neurovasculaire* | neuro vasculaire* ~ neurolog*
neurochir* | neuro chirurg*
nephro* ~ dialyse | hemodialyse
dialyse | hemodialyse | autodialyse ~ nephro*
uro | urolog*
rhumat*
endocrin* | endoc ~ diabeto* | diabete | metabol*
diabeto* | diabete ~ endocrin*
nutrition | nutritionniste* ~ dietet*
hemato* | maladies sang
onco* | cancero* | cancer
radiotherap* | oncologie radiotherapique
chimio* ~ onco*
pediatr* | ped | pedia ~ enfant*
neonat* | neonatal* | nouveau ne*
geria* | geronto* ~ personnes agees
psychiatr* | psy
psycholog* ~ psy
pedopsy* | pedopsychiatr* | psychiatrie enfant*
addicto* | alcoolog* | elsa
urgence* | urgentiste* | urg | sau | accueil urgence*
uhcd | zhtcd | hospitalisation courte duree ~ urgence*
samu | centre 15 ~ smur
smur ~ samu
rea | reanim* ~ usi | soins intensifs | soins critiques | usc
usi | soins intensifs | usc | soins critiques ~ rea | reanim*
usc | surveillance continue ~ rea | reanim* | usi
anesth* | mar
chir | chirurg*
ortho | orthoped* | chirurgie ortho | chir ortho | chirurgie orthoped* ~ traumato*
traumato* | trauma ~ orthoped*
orthophon*
orthopt*
orthodont* | odf | dento faciale | orthopedie dento*
orthoprothes*
vasculaire* | vasc ~ angio*
angio* ~ vasculaire* | vasc
thoracique* | thorac
plastique | esthetique | reconstruct*
stomato* | maxillo* | cmf
infecti* | smit | maladies infectieuses ~ tropical*
medecine interne | med interne
medecine generale | generaliste* | mg | med generale | med gen | omnipraticien*
medecine physique readaptation | mpr | readaptation fonctionnelle | reeduc* | readapt* | medecine physique
medecine travail | sante travail | med travail
medecine polyvalente | polyvalent* | med polyvalente
medecine nucleaire | med nucleaire | scintigraphie
medecine legale | uml | umj | medico judiciaire*
medecin* | med
radio | radiolog* | radiodiag* | imagerie
imagerie | radiolog* | radiodiag* | radio diagnostic
irm ~ scanner | imagerie
scanner ~ irm | imagerie
echo | echograph* ~ imagerie
biolog* | bio | biologie medicale
bacterio* | microbio* | bacteriolog* | virolog*
anapath* | anatomo* | anatomie pathologique* | cytolog* | acp
hygiene | eoh
immuno* ~ allergo* | allergi*
allergo* | allergi*
genetique | genetic*
douleur | algolog* | centre douleur | cetd
emg | equipe mobile geriatrique | equipe mobile geriatrie ~ geria*
lisp | lits identifies soins palliatifs ~ palliati*
uhr | hebergement renforce
emsp | equipe mobile soins palliatifs ~ palliati*
usp | unite soins palliatifs ~ palliati*
palliati* | soins palliatifs ~ usp | emsp
sommeil | somno*
tabac*
kine | kines* | kinesitherap* | masseur kinesitherapeute | physiotherap* | mk
ide | infirm* | inf | idel
ipa | infirmier* pratique avancee
ergo | ergotherap*
psychomot* | psychomotric*
dieteti* | diet
podo | podolog* | pedicur* | pedicure podologue
dent | dentiste* | dentaire* | odonto* | chirurgien dentiste | stomatolog*
opticien* | optique
audio* | audioprothes* | appareil auditif
pharmacien* | pharmac*
manip | manipulat* | erm
ambulatoire | ambu | upatou
hdj | hopital jour | hospitalisation jour
hds | hopital semaine | hospitalisation semaine
bloc | bloc operatoire | operatoire
social* | assistante sociale
admission* | bureau entrees | entrees | accueil admission
accueil ~ standard
direction* | dir | direct*
dsi | systeme* information | informatique
dim | information medicale
hemovigi* | transfusion* | efs | francais sang
sterili* | sterilisation
"""

SPELLINGS = """
st | saint
ste | sainte
sts | saints
stes | saintes
nd | notre dame
mt | mont
gal | general
cdt | commandant
pdt | president
bd | bld | boulevard
av | ave | avenue
fr | francois | francoise
"""

LONGEST_ABBREVIATION = 6  # letters; « c h u », with or without dots, is one of them


Form = tuple[str, ...]  # words that must all stand there; a star stands for any ending


class Meaning(NamedTuple):
    """A row: its ways of saying."""

    kind: WordKind
    same: tuple[Form, ...]
    near: tuple[Form, ...] = ()
    is_hospital: bool = False

    @property
    def forms(self) -> tuple[Form, ...]:
        return self.same + self.near


def _read(table: str, kind: WordKind, is_hospital: bool = False) -> Iterator[Meaning]:
    for row in table.strip().splitlines():
        same, near = ([tuple(form.split()) for form in part.split("|")] for part in f"{row}~".split("~")[:2])
        yield Meaning(kind, tuple(same), tuple(filter(None, near)), is_hospital)


MEANINGS = [
    *_read(HOSPITALS, WordKind.HOUSE, is_hospital=True),
    *_read(HOUSES, WordKind.HOUSE),
    *_read(SPECIALITIES, WordKind.SPECIALITY),
    *_read(SPELLINGS, WordKind.SPELLING),
]
LONGEST = max(len(form) for meaning in MEANINGS for form in meaning.forms)

_EXACT: dict[Form, list[Meaning]] = defaultdict(list)
_STEMS: dict[str, list[tuple[Form, Meaning]]] = defaultdict(list)  # by the first two letters
for _meaning in MEANINGS:
    for _form in _meaning.forms:
        if any(word.endswith("*") for word in _form):
            _STEMS[_form[0][:2]].append((_form, _meaning))
        else:
            _EXACT[_form].append(_meaning)


def is_said(form: str, word: str) -> bool:
    return word.startswith(form[:-1]) if form.endswith("*") else word == form


def stands(form: Form, words: Collection[str]) -> bool:
    """Is this said by these words, in any order?"""
    return all(any(is_said(part, word) for word in words) if part.endswith("*") else part in words for part in form)


@cache
def meanings_of(words: Form) -> tuple[Meaning, ...]:
    """The rows that these words, as a whole, are a way of saying."""
    found = list(_EXACT.get(words, ()))
    for form, meaning in _STEMS.get(words[0][:2], ()):
        if len(form) == len(words) and all(map(is_said, form, words)) and meaning not in found:
            found.append(meaning)
    return tuple(found)


@cache
def hospitals() -> tuple[Form, ...]:
    """Every way of saying a hospital."""
    return tuple(dict.fromkeys(form for meaning in MEANINGS if meaning.is_hospital for form in meaning.forms))
