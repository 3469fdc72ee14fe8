"""Polish names and towns with how often they are met, in thousands or near enough: what a name is drawn by.

Source: orders of magnitude of the public registers of names and of the statistical office's numbers of inhabitants.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Drawn:
    """Values with their chances, adding up to 1."""

    values: tuple[str, ...]
    chances: np.ndarray

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Places in `values`. Shape: int array of `size`."""
        return rng.choice(len(self.values), size=size, p=self.chances)


def drawn(text: str) -> Drawn:
    """From "Anna 1000 Maria 640 …"; an underscore stands for a space in a value."""
    words = text.split()
    weights = np.array([float(weight) for weight in words[1::2]])
    return Drawn(tuple(word.replace("_", " ") for word in words[::2]), weights / weights.sum())


WOMEN = drawn("""
Anna 1000 Maria 590 Katarzyna 580 Małgorzata 540 Agnieszka 500 Barbara 440 Ewa 430 Krystyna 390 Magdalena 380
Elżbieta 370 Joanna 370 Aleksandra 340 Zofia 320 Monika 310 Teresa 300 Danuta 290 Natalia 280 Karolina 260
Marta 250 Julia 240
Beata 230 Dorota 230 Janina 210 Alicja 210 Jadwiga 200 Jolanta 200 Halina 200 Iwona 190 Irena 180 Paulina 180
Grażyna 180 Justyna 170 Zuzanna 170 Patrycja 150 Hanna 150 Renata 140 Bożena 140 Wiktoria 140 Emilia 130 Weronika 120
Sylwia 120 Urszula 110 Izabela 110 Aneta 100 Oliwia 100 Ewelina 95 Klaudia 90 Martyna 85 Maja 85 Gabriela 80
Lena 75 Dominika 70 Kinga 68 Marzena 65 Edyta 62 Amelia 60 Stanisława 60 Olga 55 Kamila 55 Żaneta 30 Michalina 30
Łucja 26 Róża 20 Świętosława 1 Oksana 30 Iryna 30 Tetiana 22
""")
MEN = drawn("""
Piotr 690 Krzysztof 620 Andrzej 590 Tomasz 550 Jan 540 Paweł 520 Stanisław 480 Michał 470 Marcin 440 Jakub 410 Adam 390
Marek 380 Łukasz 370 Grzegorz 350 Mateusz 330 Wojciech 310 Mariusz 290 Dariusz 290 Zbigniew 260 Maciej 250 Rafał 240
Robert 230 Kamil 220 Jacek 210 Szymon 210 Kacper 200 Dawid 200 Józef 190 Jerzy 190 Ryszard 180 Tadeusz 170 Janusz 160
Antoni 160 Filip 150 Mikołaj 140 Bartosz 140 Sebastian 130 Artur 130 Przemysław 125 Sławomir 120 Henryk 115 Damian 110
Mirosław 110 Patryk 110 Daniel 105 Karol 100 Roman 100 Kazimierz 95 Aleksander 95 Wiesław 90 Franciszek 90 Leszek 70
Waldemar 70 Arkadiusz 65 Bogdan 62 Radosław 60 Błażej 25 Świętosław 1 Żegota 0.5 Oleksandr 30 Serhij 22
""")
# The man's form; a woman's ends in -a where the man's is an adjective.
SURNAMES = drawn("""
Nowak 203 Kowalski 137 Wiśniewski 109 Wójcik 98 Kowalczyk 97 Kamiński 94 Lewandowski 92 Zieliński 90 Szymański 89
Woźniak 88 Dąbrowski 86 Kozłowski 75 Mazur 66 Jankowski 68 Kwiatkowski 66 Wojciechowski 65 Krawczyk 63 Kaczmarek 61
Piotrowski 60 Grabowski 58 Pawłowski 55 Michalski 54 Zając 54 Król 54 Wieczorek 51 Jabłoński 50 Wróbel 50 Nowakowski 49
Majewski 48 Olszewski 47 Stępień 47 Malinowski 46 Jaworski 46 Adamczyk 45 Dudek 45 Nowicki 44 Pawlak 44 Górski 43
Witkowski 43 Walczak 43 Sikora 43 Rutkowski 42 Baran 42 Michalak 41 Szewczyk 41 Ostrowski 40 Tomaszewski 40 Pietrzak 40
Zalewski 39 Wróblewski 39 Marciniak 39 Jasiński 38 Zawadzki 38 Bąk 38 Jakubowski 37 Sadowski 37 Duda 37 Włodarczyk 36
Wilk 36 Chmielewski 36 Borkowski 35 Sokołowski 35 Szczepański 34 Sawicki 34 Kucharski 33 Lis 33 Maciejewski 32
Kubiak 32 Kalinowski 32 Wysocki 31 Mazurek 31 Kołodziej 30 Kaźmierczak 30 Czarnecki 30 Sobczak 29 Konieczny 29 Urban 28
Głowacki 28 Zakrzewski 28 Wasilewski 28 Krajewski 28 Krupa 27 Laskowski 27 Ziółkowski 26 Gajewski 26 Szulc 26 Mróz 26
Brzeziński 26 Makowski 25 Szymczak 25 Baranowski 25 Przybylski 25 Kaczmarczyk 25 Borowski 24 Błaszczyk 24 Adamski 24
Górecki 24 Chojnacki 23 Kania 23 Leszczyński 22 Czerwiński 22 Szczepaniak 22 Mucha 22 Lipiński 22 Kozak 21 Kowalewski 21
Wesołowski 21 Mikołajczyk 21 Jarosz 21 Cieślak 21 Andrzejewski 21 Musiał 21 Markowski 20 Kopeć 20 Bednarek 20 Zięba 20
Kołodziejczyk 20 Brzozowski 20 Janik 19 Tomczak 19 Nowacki 19 Pająk 19 Kurek 18 Kot 18 Wierzbicki 18 Żak 18 Gąsior 12
Łuczak 17 Śliwa 15 Źrebiec 2 Łęcki 5 Świerczyński 5 Ćwik 9 Żółkowski 5 Gżegżółka 1 Bondarenko 8 Shevchenko 8
""")
# By province (województwo), the most populous first.
TOWNS_BY_PROVINCE = """
mazowieckie: Warszawa 330 Radom 40 Płock 23 Siedlce 15 Pruszków 12 Legionowo 11 Piaseczno 11 Ostrołęka 10 Żyrardów 8
śląskie: Katowice 56 Częstochowa 42 Sosnowiec 38 Gliwice 34 Bielsko-Biała 33 Zabrze 31 Bytom 29 Rybnik 27
    Ruda_Śląska 26 Tychy 25 Dąbrowa_Górnicza 23 Chorzów 21 Jaworzno 17 Jastrzębie-Zdrój 16 Mysłowice 14 Żory 12
    Cieszyn 7
małopolskie: Kraków 158 Tarnów 21 Nowy_Sącz 16 Zakopane 5 Wieliczka 5
dolnośląskie: Wrocław 132 Wałbrzych 21 Legnica 19 Jelenia_Góra 15 Świdnica 11
pomorskie: Gdańsk 96 Gdynia 48 Słupsk 17 Sopot 7 Hel 1
wielkopolskie: Poznań 108 Kalisz 19 Konin 14 Piła 14 Gniezno 13
łódzkie: Łódź 130 Pabianice 12 Zgierz 11 Łowicz 6
kujawsko-pomorskie: Bydgoszcz 66 Toruń 39 Włocławek 21 Grudziądz 18 Inowrocław 14
zachodniopomorskie: Szczecin 78 Koszalin 21 Stargard 13
lubelskie: Lublin 68 Zamość 12 Puławy 9
podlaskie: Białystok 58 Suwałki 13 Łomża 12
podkarpackie: Rzeszów 40 Mielec 12 Przemyśl 11 Krosno 9 Sanok 7
warmińsko-mazurskie: Olsztyn 34 Elbląg 23 Ełk 12
lubuskie: Zielona_Góra 28 Gorzów_Wielkopolski 23
świętokrzyskie: Kielce 37
opolskie: Opole 25
"""


def towns() -> tuple[Drawn, tuple[str, ...]]:
    """The towns, and the province of each in the same order."""
    provinces, words = [], []
    province = ""
    for word in TOWNS_BY_PROVINCE.split():
        if word.endswith(":"):
            province = word[:-1]
            continue
        words.append(word)
        provinces.append(province)
    return drawn(" ".join(words)), tuple(provinces[::2])


TOWNS, PROVINCES = towns()
ADJECTIVES = ("ski", "cki", "dzki", "ny")


def womans(surname: str) -> str:
    """Kowalski → Kowalska; Nowak → Nowak."""
    return surname[:-1] + "a" if surname.endswith(ADJECTIVES) else surname


WOMENS_SURNAMES = tuple(womans(surname).replace("nya", "na") for surname in SURNAMES.values)
