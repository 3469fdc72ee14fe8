"""What the optician sells and the pages of its shop. Names are the shop's own, in Polish; prices are in złoty."""

from dataclasses import dataclass
from itertools import product

import numpy as np

SITE = "https://optykzielony.example"
FRAMES, SUN, CONTACTS, LENSES, FLUIDS, ACCESSORIES = range(6)
GROUPS = (
    "Oprawki korekcyjne",
    "Okulary przeciwsłoneczne",
    "Soczewki kontaktowe",
    "Soczewki okularowe",
    "Płyny do soczewek",
    "Akcesoria",
)
SHELVES = (
    "oprawki",
    "okulary-przeciwsloneczne",
    "soczewki-kontaktowe",
    "szkla-okularowe",
    "plyny-do-soczewek",
    "akcesoria",
)


@dataclass(frozen=True)
class Product:
    key: str
    name: str
    group: int  # place in GROUPS
    brand: str
    price: int  # grosze

    @property
    def category(self) -> str:
        return GROUPS[self.group]

    @property
    def path(self) -> str:
        return f"/{SHELVES[self.group]}/{self.key.lower()}"


# Brand, and its models with prices; a model comes in each of the colours.
MODELS = {
    FRAMES: (
        ("Ray-Ban", "RX5154_Clubmaster 589 RX7047 479 RX5228 519 RX6489_Aviator 559"),
        ("Vogue", "VO5239 369 VO4025 389 VO5356 349"),
        ("Oakley", "OX8046_Airdrop 599 OX3239_Metalink 689"),
        ("Tommy_Hilfiger", "TH1770 459 TH1987 499"),
        ("Tom_Ford", "FT5506 1149 FT5178 1249"),
        ("Solano", "S_20546 219 S_10321 199 S_50178 239"),
        ("Belutti", "BCP002 149 BLP014 169 SAS008 129"),
        ("Zielony", "Kasztan 99 Jesion 119 Buk 89"),
    ),
    SUN: (
        ("Ray-Ban", "RB2140_Wayfarer 639 RB3025_Aviator 659 RB2132_New_Wayfarer 579"),
        ("Polaroid", "PLD_2053 269 PLD_4071 289 PLD_6067 249"),
        ("Oakley", "Holbrook 699 Radar_EV 879"),
        ("Prada", "PR_17WS 1399 PR_01VS 1299"),
        ("Solano", "SS_20863 189 SS_90112 179"),
        ("Zielony", "Plaża 79 Żagiel 89"),
    ),
}
COLOURS = {FRAMES: ("czarne", "szylkretowe", "złote"), SUN: ("czarne", "brązowe")}
OTHERS = {
    CONTACTS: (
        (
            "Acuvue",
            "Oasys_1-Day,_30_szt. 119 Oasys_1-Day,_90_szt. 319 Oasys_2_tyg.,_6_szt. 109 Moist_1-Day,_90_szt. 249",
        ),
        (
            "CooperVision",
            "Biofinity,_6_szt. 139 Biofinity_Toric,_6_szt. 199 MyDay_daily,_90_szt. 299 clariti_1_day,_30_szt. 89",
        ),
        ("Alcon", "Air_Optix_HydraGlyde,_6_szt. 149 Dailies_Total_1,_90_szt. 379 Dailies_AquaComfort,_30_szt. 79"),
        ("Bausch_&_Lomb", "Ultra,_6_szt. 169 Biotrue_ONEday,_90_szt. 259 SofLens_59,_6_szt. 69"),
    ),
    LENSES: (
        ("Essilor", "Varilux_Comfort_Max 1190 Varilux_XR 2190 Crizal_Sapphire_HR 399 Eyezen_Start 549"),
        ("Hoya", "iD_MyStyle_3 1890 Nulux_1.60_Hi-Vision 449 Sensity_fotochromowe 629"),
        ("Zeiss", "SmartLife_Progressive 1690 SmartLife_Single 590 DriveSafe 690 BlueGuard 429"),
        ("Szajna", "Progresywne_Office 690 Jednoogniskowe_1.50 129 Jednoogniskowe_1.60 219"),
    ),
    FLUIDS: (
        ("Alcon", "Opti-Free_PureMoist,_300_ml 59 Opti-Free_Express,_355_ml 52 Systane_Ultra,_krople_10_ml 34"),
        ("Bausch_&_Lomb", "Biotrue,_300_ml 54 ReNu_MultiPlus,_360_ml 46"),
        ("CooperVision", "Hy-Care,_360_ml 44"),
        ("Zielony", "Płyn_do_soczewek,_500_ml 29 Płyn_do_soczewek,_100_ml_podróżny 14"),
    ),
    ACCESSORIES: (
        (
            "Zielony",
            "Etui_twarde 39 Etui_miękkie 24 Ściereczka_z_mikrofibry 12 Spray_do_okularów,_50_ml 19 Sznurek 25",
        ),
        ("Zielony", "Pojemnik_na_soczewki 9 Zestaw_śrubek_i_nosków 15 Pęseta_do_soczewek 11"),
        ("Zeiss", "Chusteczki_nawilżane,_30_szt. 22 Spray_z_chusteczką,_60_ml 35"),
        ("Ray-Ban", "Etui_skórzane 89"),
        ("Polaroid", "Nakładka_polaryzacyjna 129"),
    ),
}
PLAIN = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ&,./", "acelnoszzACELNOSZZ    ")
CALLED = {FRAMES: "Oprawki {brand} {model}", SUN: "Okulary {brand} {model}", ACCESSORIES: "{model} {brand}"}


def read(text: str) -> list[tuple[str, int]]:
    """Names and grosze, from "RX7047 479 …"; an underscore stands for a space in a name."""
    words = text.split()
    return [(name.replace("_", " "), int(price) * 100) for name, price in zip(words[::2], words[1::2], strict=True)]


def key(group: int, brand: str, model: str, colour: str = "") -> str:
    words = f"{SHELVES[group][:3]} {brand} {model} {colour}".translate(PLAIN)
    return "-".join(words.split()).upper()


def stocked() -> list[Product]:
    """By group: what is drawn in one group stands together."""
    products = []
    for group in range(len(GROUPS)):
        for brand, text in (MODELS | OTHERS)[group]:
            name = brand.replace("_", " ")
            for (model, price), colour in product(read(text), COLOURS.get(group, ("",))):
                called = CALLED.get(group, "{brand} {model}").format(brand=name, model=model)
                products.append(
                    Product(
                        key(group, name, model, colour),
                        f"{called}, {colour}" if colour else called,
                        group,
                        name,
                        price - 1 if group == ACCESSORIES else price - 10,  # 38.99, 588.90
                    )
                )
    return products


PRODUCTS = tuple(stocked())
GROUP_OF = np.array([each.group for each in PRODUCTS], dtype=np.int16)
PRICES = np.array([each.price for each in PRODUCTS], dtype=np.int64)
STARTS = np.searchsorted(GROUP_OF, np.arange(len(GROUPS) + 1))
SIZES = np.diff(STARTS)


def popular(rng: np.random.Generator, group: np.ndarray) -> np.ndarray:
    """Products of the groups, the few popular ones most often. Shape: places in PRODUCTS, as `group`."""
    return favourite(rng.random(len(group)), group)


def favourite(taste: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The product of each group that goes with a taste from 0 to 1: half of all tastes share a fifth of the products.

    A group's popular products are spread over its brands.
    """
    rank = np.minimum((taste**2.3 * SIZES[group]).astype(np.int64), SIZES[group] - 1)
    return STARTS[group] + rank * STRIDES[group] % SIZES[group]


def stride(size: int) -> int:
    """A step through `size` things that meets each once and is near five eighths of them."""
    return next(step for step in range(max(size * 5 // 8, 1), 2 * size + 2) if np.gcd(step, size) == 1)


STRIDES = np.array([stride(int(size)) for size in SIZES])

# Path and title; the first pages are the ones people come to most.
PAGES = (
    ("/", "Optyk Zielony: okulary i soczewki"),
    *((f"/{shelf}", name) for shelf, name in zip(SHELVES, GROUPS, strict=True)),
    ("/promocje", "Promocje"),
    ("/badanie-wzroku", "Badanie wzroku: umów wizytę"),
    ("/cennik", "Cennik"),
    ("/kontakt", "Kontakt i dojazd"),
    ("/salony", "Nasze salony"),
    ("/przymierz-online", "Przymierz oprawki online"),
    ("/dostawa-i-platnosc", "Dostawa i płatność"),
    ("/zwroty", "Zwroty i reklamacje"),
    ("/program-lojalnosciowy", "Program lojalnościowy"),
    ("/o-nas", "O nas"),
    ("/moje-konto", "Moje konto"),
    ("/poradnik", "Poradnik"),
    ("/poradnik/jak-dobrac-oprawki", "Jak dobrać oprawki do kształtu twarzy"),
    ("/poradnik/szkla-progresywne", "Szkła progresywne: dla kogo?"),
    ("/poradnik/soczewki-czy-okulary", "Soczewki czy okulary?"),
    ("/poradnik/suche-oko", "Zespół suchego oka: co pomaga"),
    ("/poradnik/filtr-niebieskiego-swiatla", "Filtr niebieskiego światła: czy warto"),
    ("/poradnik/jak-dbac-o-soczewki", "Jak dbać o soczewki kontaktowe"),
    ("/poradnik/wzrok-dziecka", "Wzrok dziecka: kiedy na badanie"),
    ("/poradnik/jazda-noca", "Okulary do jazdy nocą"),
    ("/poradnik/recepta-na-okulary", "Jak czytać receptę na okulary"),
    ("/poradnik/polaryzacja", "Polaryzacja: na czym polega"),
)
CART = ("/koszyk", "Koszyk")
THANKS = ("/zamowienie/dziekujemy", "Dziękujemy za zamówienie")
PRODUCT_PAGES = tuple((each.path, each.name) for each in PRODUCTS)
SEARCHES = (  # what is looked for, how often, how many products are found
    *(
        ("ray ban", 31, 27),
        ("płyn do soczewek", 30, 8),
        ("soczewki miesięczne", 26, 5),
        ("okulary do komputera", 22, 3),
    ),
    *(("progresywne", 19, 4), ("acuvue oasys", 18, 3), ("okulary przeciwsłoneczne", 17, 28), ("biofinity", 14, 2)),
    *(("oprawki damskie", 14, 38), ("oprawki męskie", 12, 33), ("etui", 11, 3), ("dailies total 1", 10, 1)),
    *(("blue control", 9, 1), ("fotochrom", 9, 1), ("oprawki dziecięce", 8, 0), ("badanie wzroku cena", 8, 0)),
    *(("krople do oczu", 7, 1), ("varilux", 6, 2), ("aviator", 6, 4), ("okulary dla kierowcy", 5, 1)),
    *(("polaryzacja", 5, 7), ("opti free", 4, 2), ("zeiss", 4, 6), ("sznurek do okularów", 2, 1), ("monokl", 1, 0)),
)
FORMS = (
    ("Umów badanie wzroku", "/badanie-wzroku"),
    ("Zapis do newslettera", "/"),
    ("Pytanie do optyka", "/kontakt"),
    ("Przymierzalnia: wyślij zdjęcie", "/przymierz-online"),
    ("Reklamacja", "/zwroty"),
)
LOGINS = ("hasło", "Google", "kod SMS", "Apple")


def zloty(grosze: int) -> str:
    return f"{grosze // 100}.{grosze % 100:02}"
