"""The rows that are measured: a shop's three years, made by DuckDB from hashes, so that equal sizes are equal rows.

A few contacts do most of it; there are seasons and weekdays; ids grow with time, as they do where rows are written as
they happen. Contacts are numbered 1 to `contacts` and who is busy has nothing to do with the number.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from config.embedded.folders import Folders

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAYS = 1096
START = NOW - timedelta(days=DAYS)
PARTS = 36  # of the activities: one after another, so that memory holds one
TABLES = ("contacts", "tags", "categories", "consents", "activities", "visits", "orders", "lines")
# A thousandth of activities each; which contacts: a power of chance, 1 is anybody, more is fewer contacts.
TYPES = {
    "page_view": (500, 2.5),
    "email_sent": (130, 1.1),
    "product_view": (125, 2.5),
    "email_open": (90, 1.8),
    "add_to_cart": (40, 2.5),
    "email_click": (30, 2.0),
    "search": (30, 2.5),
    "login": (25, 2.2),
    "form_submit": (10, 1.5),
    "sms_click": (10, 2.0),
    "email_bounce": (6, 1.0),
    "email_unsubscribe": (4, 1.0),
}
TAGS = {
    "NEWSLETTER": 0.4, "STALY KLIENT": 0.2, "OPRAWKI": 0.12, "SOCZEWKI": 0.1, "PROMOCJA": 0.06, "VIP": 0.02,
    "HURT": 0.01, "REKLAMACJA": 0.005, "AMBASADOR": 0.001,
}  # fmt: skip
CATEGORIES = {"klient": 0.3, "klient/media": 0.05, "klient/nowy": 0.15, "partner": 0.01, "partner/salon": 0.004}
CONSENTS = {"email_marketing": (0.6, 0.08), "sms_marketing": (0.25, 0.03)}  # given, withdrawn
STATUSES = {"subscribed": 0.8, "pending": 0.05, "unsubscribed": 0.1, "bounced": 0.05}
PLANS = ("start", "standard", "premium")
CITIES = (
    "Warszawa", "Kraków", "Łódź", "Wrocław", "Poznań", "Gdańsk", "Szczecin", "Bydgoszcz", "Lublin", "Białystok",
    "Katowice", "Gdynia", "Częstochowa", "Radom", "Rzeszów", "Toruń", "Sosnowiec", "Kielce", "Gliwice", "Olsztyn",
    "Zabrze", "Bielsko-Biała", "Bytom", "Zielona Góra", "Rybnik", "Opole", "Tychy", "Gorzów Wielkopolski", "Płock",
    "Elbląg", "Tarnów", "Chorzów", "Koszalin", "Kalisz", "Legnica", "Grudziądz", "Słupsk", "Jaworzno", "Nowy Sącz",
    "Siedlce", "Mysłowice", "Konin", "Piła", "Inowrocław", "Lubin", "Suwałki", "Gniezno", "Głogów", "Zamość", "Tczew",
)  # fmt: skip
FIRST_NAMES = ("Anna", "Żaneta", "Marek", "Świętosława", "Olga", "Piotr", "Jan", "Ewa", "Łukasz", "Zofia")
LAST_NAMES = ("Nowak", "Łęcka", "Król", "Wójcik", "Gąsior", "Zając", "Mazur", "Bąk", "Dudek", "Wrona", "Sowa")
BRANDS = (
    "Lumora", "Optera", "Visani", "Claris", "Novelle", "Aerin", "Belmor", "Cordia", "Dalvi", "Estera", "Fonte",
    "Glacis", "Halden", "Ivora", "Jantar", "Kestrel", "Lisse", "Mirada", "Nordika", "Orbis", "Perla", "Quanto",
    "Rivel", "Solaro",
)  # fmt: skip
SHELVES = (
    "okulary/korekcyjne", "okulary/przeciwsłoneczne", "soczewki/dzienne", "soczewki/miesięczne", "płyny",
    "akcesoria/etui", "akcesoria/ściereczki", "oprawki/damskie", "oprawki/męskie", "oprawki/dziecięce",
)  # fmt: skip
SECTIONS = ("cennik", "blog", "produkt", "kontakt", "oprawki", "soczewki", "promocje", "poradnik")
CHANNELS = ("direct", "search", "email", "utm", "ad", "referral")


@dataclass(frozen=True)
class Size:
    contacts: int
    activities: int
    orders: int

    @property
    def visits(self) -> int:
        return self.activities // 10

    def __str__(self) -> str:
        return f"{self.contacts}-{self.activities}-{self.orders}"


def home() -> Path:
    """Where the benches keep their data: SITO_BENCH, or `bench` under Sito's own folder."""
    return Path(os.environ.get("SITO_BENCH") or Folders.from_environment().var / "bench").absolute()


def version() -> str:
    """Changes with this module: what an older one made is made anew."""
    return hashlib.sha256(Path(__file__).read_bytes() + duckdb.__version__.encode()).hexdigest()[:12]


def generated(size: Size, folder: Path | None = None) -> Path:
    """The folder with the rows of that size as Parquet, TABLE.parquet or TABLE-NN.parquet; made if it is not there."""
    folder = folder or home() / str(size)
    done = folder / "made.json"
    if done.exists() and json.loads(done.read_text()) == version():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    making = _Making(size, folder)
    making.everything()
    done.write_text(json.dumps(version()))
    return folder


def parquet(folder: Path, table: str) -> str:
    """A table's files, for `read_parquet` or ClickHouse's `file`."""
    return f"{folder}/{table}*.parquet"


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def _by_share(chance: str, shares: dict[str, float], whole: float) -> str:
    """A CASE that gives each key its share of `whole`."""
    reached, cases = 0.0, []
    for key, share in shares.items():
        reached += share
        cases.append(f"WHEN {chance} < {reached / whole} THEN '{key}'")
    return f"CASE {' '.join(cases)} ELSE '{key}' END"


MACROS = f"""
-- A number for a row, another for every salt: the hash of two values at once would tell one salt's from another's.
CREATE MACRO lot(id, salt) AS hash(id::BIGINT * 1000 + salt);
-- An even chance from 0 to 1.
CREATE MACRO chance(id, salt) AS (lot(id, salt) >> 11)::DOUBLE / 9007199254740992;
CREATE MACRO pick(list, id, salt) AS list[1 + (lot(id, salt) % len(list))::INT];
-- The common ones far more often than the rare ones, which come last.
CREATE MACRO favour(list, id, salt) AS list[1 + (len(list) * pow(chance(id, salt), 2.5))::INT % len(list)];
CREATE MACRO product_rank(id, salt) AS (4000 * pow(chance(id, salt), 2.5))::INT;
CREATE MACRO product_key(r) AS 'P' || lpad(r::VARCHAR, 4, '0');
CREATE MACRO product_brand(r) AS favour({_list(BRANDS)}, r, 101);
CREATE MACRO product_shelf(r) AS pick({_list(SHELVES)}, r, 102);
CREATE MACRO product_name(r) AS product_brand(r) || ' ' || r;
CREATE MACRO product_price(r) AS (19 + 20 * (lot(r, 103) % 40) + (lot(r, 104) % 100) / 100)::DECIMAL(18,4);
CREATE MACRO page(r) AS 'https://sklep.example/' || {_list(SECTIONS)}[1 + r % 8] || '/' || r;
CREATE MACRO campaign(moment, id) AS strftime(moment, '%G-%V-') || pick(['newsletter', 'oferta'], id, 105);
"""
# Days from noon to noon, so that the last ends at NOW. `share`: the part of all rows that came before the day.
CALENDAR = f"""
CREATE TABLE calendar AS
SELECT day, sum(weight) OVER (ORDER BY day) - weight AS before, sum(weight) OVER (ORDER BY day) AS after,
       sum(weight) OVER () AS whole
FROM (
    SELECT TIMESTAMP '{START:%Y-%m-%d %H:%M:%S}' + to_days(n::INT) AS day,
           (0.6 + 0.8 * n / {DAYS})                                                     -- the shop grows
           * (1 + 0.5 * (month(day) IN (11, 12))::INT + 0.2 * (month(day) IN (5, 6))::INT)
           * (CASE isodow(day) WHEN 6 THEN 0.7 WHEN 7 THEN 0.8 ELSE 1 END)
           * (0.8 + 0.4 * chance(n, 1)) AS weight
    FROM range({DAYS}) t(n)
);
"""


def _moments(rows: int, part: int = 0, parts: int = 1) -> str:
    """`rows` ids with their moments, growing together; one of several parts of them. People sleep from 23 to 7."""
    return f"""(
SELECT id, day + to_seconds(CASE WHEN f < 0.55 THEN f / 0.55 * 39600
                            WHEN f < 0.62 THEN 39600 + (f - 0.55) / 0.07 * 28800
                            ELSE 68400 + (f - 0.62) / 0.38 * 17999 END::BIGINT) AS moment
FROM (SELECT day, first, last, id, (id - first) / (last - first + 1)::DOUBLE AS f
      FROM (SELECT day, first, last, unnest(range(greatest(first, {rows * part // parts}),
                                                  least(last, {rows * (part + 1) // parts}))) + 1 AS id
            FROM (SELECT day, ({rows} * before / whole)::BIGINT AS first, ({rows} * after / whole)::BIGINT AS last
                  FROM calendar)))
)"""


class _Making:
    def __init__(self, size: Size, folder: Path) -> None:
        self.size, self.folder = size, folder
        self.duck = duckdb.connect(config={"temp_directory": str(folder / "spill"), "preserve_insertion_order": True})
        self.duck.execute(MACROS + CALENDAR)

    def everything(self) -> None:
        self.contacts()
        self.labels()
        for part in range(PARTS):
            self.activities(part)
        self.visits()
        self.orders()
        self.duck.close()
        shutil.rmtree(self.folder / "spill", ignore_errors=True)

    def write(self, name: str, query: str) -> None:
        self.duck.execute(f"COPY ({query}) TO '{self.folder}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")

    def contact(self, chance: str, share: float) -> str:
        """A contact's number from a chance: the same few numbers, spread over all, are the busy ones everywhere."""
        busy = max(1, int(self.size.contacts * share))
        # A prime larger than any number of contacts: each number is met once.
        return f"(1 + (least({busy} - 1, ({busy} * {chance})::BIGINT) * 2654435761) % {self.size.contacts})::INT"

    def contacts(self) -> None:
        self.write(
            "contacts",
            f"""
SELECT id::INT AS contact_id, 'osoba' || id || '@example.com' AS email, '+48' || (600000000 + id) AS phone,
       pick({_list(FIRST_NAMES)}, id, 2) AS first_name, pick({_list(LAST_NAMES)}, id, 3) AS last_name,
       {_by_share("chance(id, 4)", STATUSES, 1)} AS status,
       (100 * pow(chance(id, 5), 2))::INT AS lead_score,
       pick(['sklep', 'targi', 'formularz', 'import', ''], id, 6) AS source,
       TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}' - to_seconds((1460 * 86400 * chance(id, 7))::BIGINT) AS created_at,
       CASE WHEN chance(id, 8) < 0.9 THEN favour({_list(CITIES)}, id, 9) END AS city,
       CASE WHEN chance(id, 10) < 0.7 THEN (-8 + 0.25 * (lot(id, 11) % 57))::DECIMAL(6, 2) END AS diopters,
       CASE WHEN chance(id, 12) < 0.8 THEN chance(id, 13) < 0.3 END AS lenses,
       CASE WHEN chance(id, 14) < 0.5 THEN DATE '1950-01-01' + (lot(id, 15) % 20000)::INT END AS birthday,
       CASE WHEN chance(id, 16) < 0.6 THEN pick({_list(PLANS)}, id, 17) END AS plan
FROM range(1, {self.size.contacts} + 1) t(id)""",
        )

    def labels(self) -> None:
        everyone = f"range(1, {self.size.contacts} + 1) t(id)"
        since = f"TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}' - to_seconds((700 * 86400 * chance(id, %d))::BIGINT)"
        for table, name, shares, salt in (("tags", "tag", TAGS, 200), ("categories", "category", CATEGORIES, 230)):
            each = [
                f"SELECT '{label}' AS {name}, id::INT AS contact_id, {since % (salt + at)} AS assigned_at"
                f" FROM {everyone} WHERE chance(id, {salt + 10 + at}) < {share}"
                for at, (label, share) in enumerate(shares.items())
            ]
            self.write(table, " UNION ALL ".join(each))
        each = [
            f"SELECT '{key}' AS consent, id::INT AS contact_id, CASE WHEN chance(id, {260 + at}) < {given} THEN 'given'"
            f" ELSE 'withdrawn' END AS state, {since % (270 + at)} AS changed_at"
            f" FROM {everyone} WHERE chance(id, {260 + at}) < {given + withdrawn}"
            for at, (key, (given, withdrawn)) in enumerate(CONSENTS.items())
        ]
        self.write("consents", " UNION ALL ".join(each))

    def activities(self, part: int) -> None:
        types = _by_share("chance(id, 20)", {key: share for key, (share, _power) in TYPES.items()}, 1000)
        power = " ".join(f"WHEN '{key}' THEN {power}" for key, (_share, power) in TYPES.items())
        product = "type IN ('product_view', 'add_to_cart')"
        mail = "type IN ('email_sent', 'email_open', 'email_click', 'email_bounce', 'email_unsubscribe', 'sms_click')"
        unwanted = "type IN ('email_bounce', 'email_unsubscribe')"
        visited = "type IN ('page_view', 'product_view', 'email_click', 'sms_click', 'form_submit')"
        self.write(
            f"activities-{part:02}",
            f"""
SELECT id, {self.contact(f"pow(chance(id, 21), CASE type {power} END)", 0.85)} AS contact_id, type, moment,
       CASE WHEN {visited} THEN page(r) END AS url,
       CASE WHEN type = 'page_view' THEN 'Strona ' || r END AS title,
       CASE WHEN {product} THEN product_key(p) END AS product,
       CASE WHEN {product} THEN product_name(p) END AS name,
       CASE WHEN {product} THEN product_shelf(p) END AS category,
       CASE WHEN {product} THEN product_brand(p) END AS brand,
       CASE WHEN {product} THEN product_price(p) END AS price,
       CASE WHEN type = 'add_to_cart' THEN 1 + lot(id, 24) % 3 END::INT AS quantity,
       CASE WHEN {mail} THEN campaign(moment, id) END AS campaign,
       CASE WHEN type IN ('email_sent', 'email_open') THEN 'Nowości ' || month(moment) END AS subject,
       CASE WHEN {unwanted} THEN pick(['full', 'unknown', 'often', 'other'], id, 25) END AS reason,
       CASE WHEN type = 'email_bounce' THEN chance(id, 26) < 0.4 END AS hard,
       CASE WHEN type = 'form_submit' THEN pick(['kontakt', 'badanie', 'newsletter'], id, 27) END AS form,
       CASE WHEN type = 'search' THEN lower(product_brand(p)) END AS query,
       CASE WHEN type = 'search' THEN lot(id, 28) % 40 END::INT AS results,
       CASE WHEN type = 'login' THEN favour(['password', 'link', 'google'], id, 29) END AS method
FROM (SELECT id, moment, {types} AS type, (3000 * pow(chance(id, 22), 3))::INT AS r, product_rank(id, 23) AS p
      FROM {_moments(self.size.activities, part, PARTS)})""",
        )

    def sourced(self, salt: int) -> str:
        """Where a visit or an order came from: most of a contact's come the same way."""
        own = f"pick({_list(CHANNELS)}, contact_id, 300)"
        channel = f"CASE WHEN chance(id, {salt}) < 0.6 THEN {own} ELSE favour({_list(CHANNELS)}, id, {salt + 1}) END"
        return f"""
       {channel} AS channel,
       CASE channel WHEN 'utm' THEN pick(['facebook', 'instagram', 'tiktok', 'gazetka'], id, {salt + 2})
                    WHEN 'ad' THEN 'google' WHEN 'email' THEN 'newsletter' ELSE '' END AS utm_source,
       CASE channel WHEN 'utm' THEN 'social' WHEN 'ad' THEN 'cpc' WHEN 'email' THEN 'email' ELSE '' END AS utm_medium,
       CASE WHEN channel IN ('utm', 'ad', 'email') THEN campaign(moment, id) ELSE '' END AS utm_campaign,
       CASE channel WHEN 'search' THEN 'https://www.google.com/'
                    WHEN 'referral' THEN 'https://portal' || lot(id, {salt + 3}) % 200 || '.example/' ELSE '' END
       AS referrer,
       page((3000 * pow(chance(id, {salt + 4}), 3))::INT) AS landing_url"""

    def visits(self) -> None:
        contact = self.contact("pow(chance(id, 40), 2.5)", 0.85)
        self.write(
            "visits",
            f"SELECT id, contact_id, moment, {self.sourced(41)}"
            f" FROM (SELECT id, moment, {contact} AS contact_id FROM {_moments(self.size.visits)})",
        )

    def orders(self) -> None:
        contact = self.contact("pow(chance(id, 60), 2)", 0.45)
        usual = {"completed": 0.87, "shipped": 0.01, "new": 0.01, "paid": 0.01, "cancelled": 0.06, "refunded": 0.04}
        fresh = {"new": 0.2, "paid": 0.3, "shipped": 0.3, "completed": 0.12, "cancelled": 0.08}
        self.duck.execute(f"""
CREATE TEMP TABLE orders AS
SELECT id, contact_id, moment, {self.sourced(61)},
       CASE WHEN chance(id, 66) < 0.95 THEN 'PLN' ELSE 'EUR' END AS currency,
       CASE WHEN moment > TIMESTAMP '{NOW - timedelta(days=7):%Y-%m-%d %H:%M:%S}'
            THEN {_by_share("chance(id, 67)", fresh, 1)} ELSE {_by_share("chance(id, 68)", usual, 1)} END AS status
FROM (SELECT id, moment, {contact} AS contact_id FROM {_moments(self.size.orders)});
CREATE TEMP TABLE lines AS
SELECT order_id, position, product_key(p) AS product, product_name(p) AS name, product_shelf(p) AS category,
       product_brand(p) AS brand, quantity::DECIMAL(14, 3) AS quantity, product_price(p) AS price,
       (product_price(p) * quantity)::DECIMAL(18, 4) AS amount, contact_id, moment, status
FROM (SELECT id AS order_id, position, contact_id, moment, status, product_rank(id * 4 + position, 69) AS p,
             CASE WHEN chance(id * 4 + position, 70) < 0.8 THEN 1 ELSE 2 + (lot(id, position) % 3)::INT END AS quantity
      FROM (SELECT *, unnest(range(1, 2 + (4 * pow(chance(id, 71), 2.2))::INT % 4)) AS position FROM orders));""")
        self.write("lines", "SELECT * FROM lines ORDER BY order_id, position")
        self.write(
            "orders",
            "SELECT o.*, l.total FROM orders o JOIN (SELECT order_id, sum(amount)::DECIMAL(18, 4) AS total FROM lines"
            " GROUP BY order_id) l ON l.order_id = o.id ORDER BY o.id",
        )
