"""The words and shapes in which people, consoles and clocks write a date."""

import re
from datetime import UTC, datetime

NO_DATE = {
    "jamais", "never", "inconnu", "inconnue", "nc", "aucun", "aucune", "jamais connecte", "jamais connectee", "neant",
    "jamais utilise", "jamais utilisee", "aucune connexion", "pas de connexion", "aucun acces", "never logged in",
    "never logged on", "never used", "not logged in", "no login", "no logon", "non connecte", "non connectee",
    "unknown",
    "pas encore connecte", "pas encore connectee", "jamais authentifie", "jamais authentifiee", "sans", "sans objet",
    "n a", "na", "nan", "nat", "none", "null", "nil", "aucune authentification", "pas connecte", "never connected",
    "jamais active", "jamais activee", "not available", "non disponible", "non utilise", "non utilisee",
    "cdi", "permanent", "permanente", "indetermine", "indeterminee", "illimite", "illimitee", "unlimited",
}  # fmt: skip
# « Jamais utilisée par son titulaire », « Aucune donnée », « Never signed in », « non communiqué »: no figure in it.
NEVER = re.compile(r"(?:n a )?(?:jamais|never|aucune?|pas|non|not|no|sans)(?: [a-z]+){1,6}")
TOO_NARROW = re.compile(r"#{3,}")  # what a spreadsheet shows, and some save, of a date wider than its column
EMPTY_CLOCK = re.compile(r"[-/.: T0]*0[-/.: T0]*Z?|-1|0?0?01[-/.]01[-/.]0001.*|0001-01-01.*")
OLDEST = 2000  # nobody used a BAL before
EMPTY_YEARS = {1, 1600, 1601, 1753, 1899, 1900, 1904, 1969, 1970, 1980}  # what clocks that were never set say
EXCEL_DAYS = (36526, 73051)  # of the years 2000 to 2099
EXCEL_EPOCH = datetime(1899, 12, 30)
FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # LDAP and Windows count tenths of microseconds from there
# « 15/03/2026 (il y a 3 jours) », « 15/03/2026 / IMAP »; of « (création) », the day is that of something else.
BESIDE = re.compile(
    r"\s*(?:\((?!\W*(?:cr[ée]|ouver|mod|mise|maj|exp))[^()]*\)|\s[-/–]\s*[A-Za-zé]+\s?\d?)$", re.IGNORECASE
)
END_OF_TIME = re.compile(r"9999-.*|(?:20|29)99-12-31")  # of databases and of payrolls
FOREVER = 2**63 - 1  # what Active Directory writes for "never"

MONTHS = {
    name: number
    for number, names in enumerate(
        ["janvier janv jan january", "fevrier fevr fev feb february", "mars mar march", "avril avr apr april",
         "mai may", "juin jun june", "juillet juil jul july", "aout aou aug august", "septembre sept sep september",
         "octobre oct october", "novembre nov november", "decembre dec december"], 1)
    for name in names.split()
}  # fmt: skip
WEEKDAY = re.compile(
    r"^(?:le\s+)?(?:(?:lun|mar|mer|jeu|ven|sam|dim)(?:di|credi|dredi|edi|anche)?|(?:mon|tue|tues|wed|wednes|thu|thur|"
    r"thurs|fri|sat|satur|sun)(?:day)?)\b\.?,?\s+(?=\S)",
    re.IGNORECASE,
)
CLOCK = re.compile(
    r"(?:(?<=\d)T|\s*\b(?:à|a|at)\s+|\s+[-–]\s+|[\s,]+)(\d{1,2})\s?(?:[:hH]\s?(\d{2})?(?:\s?(?::|min|m)\s?(\d{2})(?:[.,](\d{1,9}))?)?\s?[sm]?"
    r"(?:in)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(?:(Z|UTC|GMT|CET|CEST)|(?:GMT|UTC)?([+-]\d{1,2})(?::?(\d{2}))?)?"
    r"(?:\s*[\[(][\w/ ]+[\])]|\s+(?:CES?T|Europe/Paris))?$"
)
FRENCH_CLOCK = re.compile(r"(?<=\d{4})\s(\d{1,2})\.(\d\d)$|(?<=\d{4})[:@-](?=\d\d:\d\d)")  # « 15/03/2026 08.30 »
DOTTED_CLOCK = re.compile(r"\s(\d{1,2})\.(\d\d)\.(\d\d)(?:\.\d+)?(\s*[AaPp][Mm])$")  # Oracle's
CTIME = re.compile(r"^([A-Za-zûé.]+)\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)\s+(?:([A-Z]{3,4}|[+-]\d{4})\s+)?(\d{4})$")
NUMERIC = re.compile(r"(\d{1,2})(?:\s?[/.-]\s?|\s)(\d{1,2})(?:\s?[/.-]\s?|\s)(\d{4}|\d{2})")
USUAL = re.compile(r"(\d\d)/(\d\d)/(\d{4})(?: (\d\d):(\d\d)(?::(\d\d))?)?", re.ASCII)  # on most lines of lists
THE = re.compile(r"^le\s+", re.IGNORECASE)
YEAR_FIRST = re.compile(r"(\d{4})[/.\s-](\d{1,2})[/.\s-](\d{1,2})")
DAY_NAMED = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?[\s/.-]*([^\W\d_]+)\.?[\s/.,-]*(\d{4}|\d{2})")
MONTH_NAMED = re.compile(r"([^\W\d_]+)\.?[\s/.-]*(\d{1,2})(?:er|st|nd|rd|th)?[\s/.,-]+(\d{4})")
# « mars-26 », as spreadsheets write a month; « Mar 26 » is as often a day whose year is missing.
MONTH_ALONE = re.compile(r"([^\W\d_]+)\.?(?:[\s/.-]+(?=\d{4}$)|[/-])(\d{4}|\d{2})")
MONTH_NUMBERED = re.compile(r"(\d{1,2})[/.-](\d{4})")
NET_DATE = re.compile(r"/Date\((\d{13})(?:[+-]\d{4})?\)/")  # JSON of Microsoft's
LABELLED = re.compile(
    r"^(?:derni(?:er|ère)|last|date|depuis|since|conn[^\W\d]*|acc[eè]s|login|vue?|imap|pop3?|webmail)\b[^\d:]{0,40}"
    r"(?::\s*|\s(?:le|on)\s+)",
    re.IGNORECASE,
)
COMPACT = re.compile(r"(\d{8})(?:T?(\d{4}|\d{6})(?:[.,]\d+)?)?\s?(Z|[+-]\d{4})?")  # LDAP's generalized time among them
BARE = re.compile(r"(\d{5,19})(?:[.,](\d+))?")
COMPACT_DAY = re.compile(r"^(\d{4})(\d\d)(\d\d)(?=[ T]\d\d:\d\d)")  # « 20260315 08:30 »
WIDE = str.maketrans("／．：－", "/.:-")
EXPONENT = re.compile(r"(\d)[.,](\d{4,})E\+?(\d\d?)", re.IGNORECASE)
AGO = re.compile(r"(?:il y a\s+)?(?:environ\s+|env\s+)?(\d+|une?|a|an)\s+(\w+)(?:\s+ago)?")
UNITS_AGO = {
    **dict.fromkeys(["minute", "minutes", "min", "mn"], "minutes"), **dict.fromkeys(["heure", "heures", "h", "hour",
    "hours"], "hours"),
    **dict.fromkeys(["jour", "jours", "j", "day", "days"], "days"),
    **dict.fromkeys(["semaine", "semaines", "week", "weeks"], "weeks"),
    **dict.fromkeys(["mois", "month", "months"], "months"), **dict.fromkeys(["an", "ans", "annee", "annees", "year",
    "years"], "years"),
}  # fmt: skip
DAYS_AGO = {"aujourd hui": 0, "today": 0, "hier": 1, "yesterday": 1, "avant hier": 2}
ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "CET": 1, "CEST": 2}
