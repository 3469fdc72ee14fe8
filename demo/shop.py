"""What the shop keeps of its customers: attributes, consents, categories, tags. Names are the shop's own, in Polish."""

from dataclasses import dataclass

from contacts.models import AttributeType, Channel
from demo.people import PROVINCES

SHOP = "Optyk Zielony"
FRAMES = ("pełne", "półpełne", "bezramkowe", "sportowe", "kocie oczy", "pilotki")
INTERESTS = ("czytanie", "fotografia", "gry komputerowe", "kierowca zawodowy", "muzyka", "narty", "pływanie", "rower")

# key, name, type, options
ATTRIBUTES: tuple[tuple[str, str, AttributeType, tuple[str, ...]], ...] = (
    ("city", "Miasto", AttributeType.TEXT, ()),
    ("province", "Województwo", AttributeType.CHOICE, tuple(sorted(set(PROVINCES)))),
    ("birth_date", "Data urodzenia", AttributeType.DATE, ()),
    ("last_eye_test", "Ostatnie badanie wzroku", AttributeType.DATETIME, ()),
    ("diopters", "Dioptrie (mocniejsze oko)", AttributeType.NUMBER, ()),
    ("wears_contacts", "Nosi soczewki kontaktowe", AttributeType.BOOLEAN, ()),
    ("frame_style", "Rodzaj oprawek", AttributeType.CHOICE, FRAMES),
    ("interests", "Zainteresowania", AttributeType.CHOICES, INTERESTS),
)


@dataclass(frozen=True)
class Asked:
    """A consent and how people answer: shares of the given and the withdrawn, the rest were not asked."""

    key: str
    name_en: str
    name_pl: str
    channel: Channel
    given: float
    withdrawn: float


CONSENTS = (
    Asked("email_marketing", "Offers by e-mail", "Oferty e-mailem", Channel.EMAIL, 0.68, 0.07),
    Asked("sms_marketing", "Offers by text message", "Oferty SMS-em", Channel.SMS, 0.46, 0.09),
    Asked("phone_profiling", "Calls with a chosen offer", "Telefony z dobraną ofertą", Channel.PHONE, 0.21, 0.06),
)

# Path as people read it, and the share of contacts exactly there; the first group is one choice, the second another.
KINDS = (
    ("Klient / Stały", 0.08),
    ("Klient / Stały / Okulary korekcyjne", 0.16),
    ("Klient / Stały / Soczewki kontaktowe", 0.11),
    ("Klient / Stały / Szkła progresywne", 0.06),
    ("Klient / Okazjonalny", 0.06),
    ("Klient / Okazjonalny / Okulary przeciwsłoneczne", 0.13),
    ("Klient / Okazjonalny / Akcesoria", 0.09),
    ("Klient / Potencjalny", 0.05),
    ("Klient / Potencjalny / Badanie wzroku", 0.11),
    ("Klient / Potencjalny / Formularz na stronie", 0.10),
)
BESIDES = (
    ("Klient / Media", 0.012),
    ("Klient / Media / Prasa i radio", 0.004),
    ("Klient / Media / Blog i wideo", 0.008),
    ("Program lojalnościowy", 0.17),
    ("Program lojalnościowy / Złoty", 0.04),
    ("Partner / Okulista", 0.006),
    ("Partner / Zakład pracy", 0.05),
    ("Targi i konferencje", 0.06),
)
CATEGORIES = ("Klient", *(path for path, _ in KINDS), "Partner", *(path for path, _ in BESIDES))

# Tag, and its share among contacts up to 40, from 40 to 60, and over 60.
TAGS: tuple[tuple[str, tuple[float, float, float]], ...] = (
    ("KROTKOWZROCZNOSC", (0.42, 0.28, 0.18)),
    ("DALEKOWZROCZNOSC", (0.06, 0.16, 0.27)),
    ("ASTYGMATYZM", (0.26, 0.28, 0.30)),
    ("PREZBIOPIA", (0.00, 0.42, 0.71)),
    ("SUCHE_OKO", (0.09, 0.14, 0.22)),
    ("JASKRA", (0.00, 0.02, 0.07)),
    ("ZACMA", (0.00, 0.01, 0.12)),
    ("DALTONIZM", (0.03, 0.03, 0.03)),
    ("SOCZEWKI PROGRESYWNE", (0.01, 0.24, 0.31)),
    ("VARILUX_COMFORT", (0.00, 0.08, 0.11)),
    ("VARILUX_XR", (0.00, 0.05, 0.04)),
    ("HOYA_ID_MYSTYLE", (0.01, 0.06, 0.06)),
    ("ZEISS_SMARTLIFE", (0.06, 0.06, 0.04)),
    ("ACUVUE_OASYS_1-DAY", (0.12, 0.05, 0.01)),
    ("BIOFINITY_TORIC", (0.07, 0.03, 0.01)),
    ("AIR_OPTIX_HYDRAGLYDE", (0.08, 0.03, 0.00)),
    ("DAILIES_TOTAL_1", (0.06, 0.03, 0.00)),
    ("POWLOKA_BLUE_CONTROL", (0.22, 0.14, 0.05)),
    ("OKULARY_DO_KOMPUTERA", (0.14, 0.17, 0.02)),
    ("FOTOCHROM", (0.05, 0.08, 0.08)),
    ("VIP", (0.02, 0.04, 0.03)),
    ("REKLAMACJA", (0.04, 0.05, 0.04)),
    ("POLECA_NAS", (0.06, 0.06, 0.05)),
    ("STUDENT", (0.18, 0.00, 0.00)),
    ("SENIOR", (0.00, 0.00, 0.64)),
    ("NIE_DZWONIC", (0.02, 0.02, 0.03)),
)

SOURCES = (
    "Sklep_stacjonarny 34 Strona_internetowa 24 Google_Ads 12 Facebook 9 Polecenie 9 Newsletter 6 Targi_Optyka 3"
    " Instagram 3"
)
# Reserved for examples (RFC 2606): no letter can reach a real person.
DOMAINS = (
    "poczta.example 34 skrzynka.example 22 mail.example 20 listy.example 12 example.com 6 example.org 4 example.net 2"
)
