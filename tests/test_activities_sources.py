"""The rule that says how somebody came, on addresses as they come from sites."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.sources import Source, clean, host_of, parameters, same_site, source_of
from tests.support.speed import seconds

SHOP = "https://www.sklep.pl/"
# channel, landing address, referrer
CASES = [
    # paid click ids
    ("ad", SHOP + "?gclid=EAIaIQobChMI8Pz-7O3kiQMV", "https://www.google.com/"),
    ("ad", SHOP + "?gbraid=0AAAAAD1x", ""),
    ("ad", SHOP + "?wbraid=Cj8KCQ", "https://www.google.pl/"),
    ("ad", SHOP + "?dclid=CKrU", ""),
    ("ad", SHOP + "?msclkid=5c1e9b0f", "https://www.bing.com/"),
    ("ad", SHOP + "?ttclid=E.C.P.v3", "https://www.tiktok.com/"),
    ("ad", SHOP + "?yclid=7214", "https://yandex.ru/"),
    ("ad", SHOP + "?twclid=2-3x", "https://t.co/"),
    ("ad", SHOP + "buty?kolor=czarny&li_fat_id=9c1f", "https://www.linkedin.com/"),
    ("ad", SHOP + "?gad_source=1&gad_campaignid=21&gclid=x", ""),
    ("ad", SHOP + "?GCLID=EAIa", ""),
    ("ad", SHOP + "#gclid=EAIa", ""),
    ("ad", SHOP + "?utm_source=newsletter&utm_medium=email&gclid=x", "https://mail.google.com/"),
    ("direct", SHOP + "?gclid=", ""),
    ("direct", SHOP + "?gclid", ""),
    ("direct", SHOP + "?xgclid=1", ""),
    # what unpaid links get as well
    ("referral", SHOP + "?fbclid=IwAR2x", "https://l.facebook.com/"),
    ("direct", SHOP + "?fbclid=IwAR2x", ""),
    ("referral", SHOP + "?igshid=abc", "https://l.instagram.com/"),
    ("search", SHOP + "?srsltid=AfmBOo", "https://www.google.com/"),
    # media
    ("ad", SHOP + "?utm_source=google&utm_medium=cpc&utm_campaign=brand", "https://www.google.com/"),
    ("ad", SHOP + "?utm_source=bing&utm_medium=PPC", ""),
    ("ad", SHOP + "?utm_source=facebook&utm_medium=paid_social", "https://m.facebook.com/"),
    ("ad", SHOP + "?utm_source=facebook&utm_medium=Paid%20Social", ""),
    ("ad", SHOP + "?utm_medium=paid-search", ""),
    ("ad", SHOP + "?utm_medium=paid", ""),
    ("ad", SHOP + "?utm_source=onet&utm_medium=display", "https://www.onet.pl/"),
    ("ad", SHOP + "?utm_source=gdn&utm_medium=cpm", ""),
    ("ad", SHOP + "?utm_source=criteo&utm_medium=retargeting", ""),
    ("ad", SHOP + "?utm_medium=re-marketing", ""),
    ("utm", SHOP + "?utm_source=partner&utm_medium=unpaid", ""),
    ("utm", SHOP + "?utm_source=cpc&utm_medium=social", ""),
    ("email", SHOP + "?utm_source=getresponse&utm_medium=email", ""),
    ("email", SHOP + "?utm_source=biuletyn&utm_medium=E-Mail", "https://www.google.com/"),
    ("email", SHOP + "?utm_medium=newsletter", "https://example.com/"),
    ("email", SHOP + "?utm_medium=e_mail", ""),
    ("email", SHOP + "?utm_medium=mailing", ""),
    # mail hosts
    ("email", SHOP, "https://mail.google.com/mail/u/0/"),
    ("email", SHOP, "https://outlook.live.com/"),
    ("email", SHOP, "https://poczta.onet.pl/"),
    ("email", SHOP, "https://poczta.wp.pl/k/"),
    ("email", SHOP, "https://poczta.o2.pl/"),
    ("email", SHOP, "https://poczta.interia.pl/next/"),
    ("email", SHOP, "https://pl-mg42.mail.yahoo.com/neo/launch"),
    ("email", SHOP, "https://email.seznam.cz/"),
    ("email", SHOP, "https://poczta.firma.com.pl:8443/"),
    ("email", SHOP, "https://poczta.sklep.pl/roundcube"),
    ("email", SHOP, "android-app://com.google.android.gm/"),
    ("email", SHOP + "?utm_source=wiosna", "https://mail.google.com/"),
    ("referral", SHOP, "https://mail.ru/"),
    ("referral", SHOP, "https://notmail.google.example/"),
    # any other UTM
    ("utm", SHOP + "?utm_source=facebook&utm_medium=social", "https://l.facebook.com/"),
    ("utm", SHOP + "?utm_campaign=black+friday", "https://www.google.com/"),
    ("utm", SHOP + "?utm_id=12", ""),
    ("utm", SHOP + "?utm_source=ulotka", "https://www.sklep.pl/"),
    ("utm", SHOP + "?UTM_SOURCE=FB", ""),
    ("utm", SHOP + "?a=1&amp;utm_source=fb&amp;utm_medium=social", ""),
    ("utm", SHOP + "#utm_source=fb&utm_medium=social", ""),
    ("utm", SHOP + "#/koszyk?utm_source=fb", ""),
    ("utm", "sklep.pl/?utm_source=fb", ""),
    ("utm", "/cennik?utm_source=fb", ""),
    ("utm", SHOP + "?utm_source=%C5%BCubr%C3%B3wka", ""),
    ("utm", SHOP + "?utm_source=żubrówka", ""),
    ("utm", SHOP + "?utm_source=%", ""),
    ("utm", SHOP + "?utm_source=%E0%A4%A", ""),
    ("utm", SHOP + "?utm_source=a&utm_source=b", ""),
    ("utm", SHOP + "?utm_source=&utm_source=b", ""),
    ("utm", SHOP + "?x=" + "y" * 100_000 + "&utm_source=fb", ""),
    ("direct", SHOP + "?utm_source=", ""),
    ("direct", SHOP + "?utm_source=%20%20&utm_medium", ""),
    ("direct", SHOP + "?next=%3Futm_source%3Dfb", ""),
    ("direct", "https://www.sklep.pl/utm_source=fb", ""),
    # search engines
    ("search", SHOP, "https://www.google.com/"),
    ("search", SHOP, "https://www.google.pl/search?q=buty"),
    ("search", SHOP, "https://google.co.uk/"),
    ("search", SHOP, "https://www.google.com.br"),
    ("search", SHOP, "HTTP://WWW.GOOGLE.DE:80/"),
    ("search", SHOP, "www.google.com"),
    ("search", SHOP, "https://images.google.com/"),
    ("search", SHOP, "https://www.google.com/amp/s/www.sklep.pl/artykul"),
    ("search", SHOP, "https://www.bing.com/search?q=buty"),
    ("search", SHOP, "https://cn.bing.com/"),
    ("search", SHOP, "https://duckduckgo.com/"),
    ("search", SHOP, "https://html.duckduckgo.com/html"),
    ("search", SHOP, "https://pl.search.yahoo.com/"),
    ("search", SHOP, "https://r.search.yahoo.com/_ylt=A"),
    ("search", SHOP, "https://www.ecosia.org/search?q=x"),
    ("search", SHOP, "https://search.seznam.cz/"),
    ("search", SHOP, "https://yandex.ru/"),
    ("search", SHOP, "https://yandex.com.tr/"),
    ("search", SHOP, "https://www.qwant.com/"),
    ("search", SHOP, "https://www.startpage.com/"),
    ("search", SHOP, "https://search.brave.com/"),
    ("search", SHOP, "https://szukaj.onet.pl/"),
    ("search", SHOP, "https://szukaj.wp.pl/"),
    ("search", SHOP, "android-app://com.google.android.googlequicksearchbox/https/www.google.com"),
    ("referral", SHOP, "https://news.google.com/"),
    ("referral", SHOP, "https://docs.google.com/"),
    ("referral", SHOP, "https://sites.google.com/view/x"),
    ("referral", SHOP, "https://www.google.com.evil.example/"),
    ("referral", SHOP, "https://notgoogle.com/"),
    ("referral", SHOP, "https://google.sklep-obok.pl/"),
    ("referral", SHOP, "https://www.google.com@evil.example/"),
    ("referral", SHOP, "https://www.yahoo.com/"),
    ("referral", SHOP, "https://www.onet.pl/"),
    # own site
    ("direct", SHOP, ""),
    ("direct", "", ""),
    ("direct", SHOP + "koszyk", "https://www.sklep.pl/buty"),
    ("direct", SHOP, "http://sklep.pl"),
    ("direct", "https://m.sklep.pl/", "https://www.sklep.pl/"),
    ("direct", SHOP, "https://blog.sklep.pl/wpis"),
    ("direct", "https://blog.sklep.pl/", "https://sklep.pl/"),
    ("direct", SHOP, "HTTPS://WWW.SKLEP.PL./"),
    ("direct", "https://żółte-buty.pl/", "https://xn--te-buty-k0a52e8r.pl/"),
    ("direct", "https://ŻÓŁTE-BUTY.pl/", "https://żółte-buty.pl/a"),
    ("direct", SHOP, "/buty"),
    ("direct", SHOP, "./buty.html?x=1#y z"),
    ("direct", SHOP, "https://www-sklep-pl.cdn.ampproject.org/c/s/www.sklep.pl/artykul"),
    ("direct", "http://10.0.0.7:8000/", "http://10.0.0.7/"),
    ("direct", "http://[2001:db8::1]:8000/", "http://[2001:DB8::1]/"),
    ("direct", "http://localhost:8000/", "http://localhost:8000/x"),
    # referrers that are none
    ("direct", SHOP, "about:blank"),
    ("direct", SHOP, "(none)"),
    ("direct", SHOP, "null"),
    ("direct", SHOP, "-"),
    ("direct", SHOP, "   "),
    ("direct", SHOP, "https://"),
    ("direct", SHOP, "data:text/html,x.y"),
    ("direct", SHOP, "file:///C:/Users/ala/oferta.html"),
    # another site
    ("referral", SHOP, "https://www.wykop.pl/link/123/"),
    ("referral", SHOP, "wykop.pl"),
    ("referral", SHOP, "//wykop.pl/x"),
    ("referral", SHOP, "https:/wykop.pl/x"),
    ("referral", SHOP, "  https://wykop.pl/\n"),
    ("referral", SHOP, "https://t.co/aBc"),
    ("referral", SHOP, "http://192.168.1.5:8080/intranet"),
    ("referral", SHOP, "http://intranet/"),
    ("referral", SHOP, "http://[::1/"),
    ("referral", SHOP, "android-app://org.telegram.messenger/"),
    ("referral", SHOP, "https://innysklep.pl/"),
    ("referral", SHOP, "https://inny-sklep.pl.example/"),
    ("referral", "", "https://wykop.pl/"),
    ("referral", "https://m.pl/", "https://www.wykop.pl/"),
    ("referral", "https://www.pl/", "https://wykop.pl/"),
    ("referral", SHOP, "https://wykop-pl.cdn.ampproject.org/v/s/wykop.pl/x"),
    ("referral", SHOP, "https://żółte-buty.pl/"),
    ("referral", SHOP, "https://xn--zzzzzzzz-.pl/"),
    ("referral", SHOP, "https://" + "a" * 5000 + ".pl/"),
]


@pytest.mark.parametrize(("channel", "landing", "referrer"), CASES, ids=range(len(CASES)))
def test_the_channel(channel: str, landing: str, referrer: str) -> None:
    assert source_of(landing, referrer).channel == channel


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("utm_source=fb", "fb"),
        ("utm_source=%C5%BCel+do+wios%C5%82a", "żel do wiosła"),
        ("utm_source=z%CC%87el", "żel"),
        ("utm_source=a&utm_source=b", "a"),
        ("utm_source=&utm_source=b", "b"),
        ("utm_source=a#utm_source=b", "a"),
        ("x=1#utm_source=b", "b"),
        ("utm_source=Black%20Friday%20", "Black Friday"),
        ("utm_source=%", "%"),
        ("utm_source=%zz", "%zz"),
        ("utm_source=a%00b", "a b"),
        ("utm_source=a%0D%0Ab", "a b"),
        ("utm_source=%B1", "\ufffd"),  # ISO 8859-2
        ("utm_source=" + "x" * 600, "x" * 500),
        ("utm_source=a=b", "a=b"),
        ("UTM_Source=FB", "FB"),
    ],
)
def test_values_of_the_address(query: str, value: str) -> None:
    assert source_of(f"{SHOP}?{query}").utm_source == value


def test_values_that_are_given_come_first_and_empty_ones_are_none() -> None:
    landing = SHOP + "?utm_source=a&utm_medium=cpc"
    assert source_of(landing, utm={"utm_source": "b", "utm_medium": "social", "utm_term": ""}) == Source(
        "utm", utm_source="b", utm_medium="social"
    )
    assert source_of(landing, utm={"utm_source": ""}).utm_source == "a"
    assert source_of(SHOP, utm={"utm_medium": "Paid Search"}).channel == "ad"


def test_a_given_medium_does_not_hide_a_paid_click() -> None:
    assert source_of(SHOP + "?gclid=x", utm={"utm_medium": "email"}).channel == "ad"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://ala:hasło@Sklep.PL:8443/x", "sklep.pl"),
        ("https://sklep.pl\\@evil.example", "sklep.pl"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1"),
        ("https://xn--te-buty-k0a52e8r.pl", "żółte-buty.pl"),
        ("https://we--buty-pl.cdn.ampproject.org/x", "we-buty.pl"),
        ("javascript:alert(1).x", ""),
        ("", ""),
    ],
)
def test_hosts(address: str, host: str) -> None:
    assert host_of(address) == host


def test_sites() -> None:
    assert same_site("www.sklep.pl", "m.sklep.pl")
    assert not same_site("sklep.pl", "pl")
    assert not same_site("", "sklep.pl")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_makes_it_fail(landing: str, referrer: str) -> None:
    for text in (landing, f"https://{landing}", f"https://a.pl/?utm_source={landing}&gclid={referrer}"):
        source = source_of(text, f"http://{referrer}")
        assert "\0" not in source.utm_source
        source.utm_source.encode()


def test_very_long_texts_take_no_long_time() -> None:
    def read() -> None:
        for text in ("a=" * 100_000, "&" * 200_000, "https://" + "." * 200_000, "xn--." * 50_000, "?#" * 100_000):
            source_of(text, text)
            parameters(text)
            clean(text)

    assert seconds(read) < 2


def test_the_rule_needs_no_django() -> None:
    code = "import sys, activities.sources; sys.exit(any(name.startswith('django') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
