"""Sites that say how somebody came, by the name of the host: docs/activities.md, "Where a visit came from".

A name stands for itself and for `www.` and `m.` before it; with a dot in front also for everything below it.
"""

import re

# Google answers on a host of its own in each country. Its other products (mail., news., docs. …) are no search.
GOOGLE = re.compile(r"(images\.|encrypted\.|ipv4\.)?google\.(com|cat|[a-z]{2}|com?\.[a-z]{2})")
YANDEX = re.compile(r"yandex\.(com|[a-z]{2}|com\.[a-z]{2})")

SEARCH = frozenset({
    # Polish
    "szukaj.onet.pl", "szukaj.wp.pl", "szukaj.o2.pl", "szukaj.interia.pl", "szukaj.gazeta.pl", "netsprint.pl",
    "szukacz.pl",
    # the world's
    "bing.com", "cn.bing.com", "search.msn.com", "search.live.com", ".search.yahoo.com", ".search.yahoo.co.jp",
    ".duckduckgo.com", "ddg.gg", "ecosia.org", ".qwant.com", ".startpage.com", "search.brave.com", "swisscows.com",
    "mojeek.com", "metager.org", "metager.de", "kagi.com", "presearch.com", "yep.com", "ask.com", "search.aol.com",
    "search.lycos.com", "dogpile.com", "search.lilo.org", "search.seznam.cz", "ya.ru", "go.mail.ru", "nova.rambler.ru",
    "suche.web.de", "suche.gmx.net", "suche.t-online.de", "baidu.com", "search.naver.com", ".search.daum.net",
    "sogou.com", "so.com", "coccoc.com",
    # applications
    "com.google.android.googlequicksearchbox", "com.microsoft.bing", "com.duckduckgo.mobile.android",
})  # fmt: skip

MAIL = frozenset({
    # Polish
    "poczta.onet.pl", "poczta.wp.pl", "poczta.o2.pl", "poczta.interia.pl", "poczta.gazeta.pl",
    # the world's
    "mail.google.com", "inbox.google.com", "gmail.com", "outlook.com", "outlook.live.com", "outlook.office.com",
    "outlook.office365.com", "outlook.cloud.microsoft", ".mail.live.com", "hotmail.com", ".mail.yahoo.com",
    ".mail.yahoo.co.jp", "mail.aol.com", "mail.proton.me", "mail.protonmail.com", "app.tuta.com", "mail.tutanota.com",
    "mail.zoho.com", "mail.zoho.eu", "e.mail.ru", "mail.yandex.ru", "mail.yandex.com", "mail.qq.com", "email.seznam.cz",
    "navigator.gmx.net", "navigator.web.de", "deref-gmx.net", "deref-web-02.de", "deref-mail.com", "app.fastmail.com",
    # applications
    "com.google.android.gm", "com.google.android.gm.lite", "com.microsoft.office.outlook", "ch.protonmail.android",
    "com.yahoo.mobile.client.android.mail", "com.samsung.android.email.provider", "pl.wp.wppoczta",
    "pl.onet.onetpoczta", "pl.interia.poczta",
})  # fmt: skip
# How firms call the host of their mail: poczta.firma.pl. Only before a name of at least two parts.
MAIL_LABELS = frozenset({"mail", "email", "webmail", "poczta", "roundcube", "owa", "newsletter"})


def is_search(host: str) -> bool:
    bare = without_www(host)
    return listed(bare, SEARCH) or GOOGLE.fullmatch(bare) is not None or YANDEX.fullmatch(bare) is not None


def is_mail(host: str) -> bool:
    first, _dot, rest = host.partition(".")
    return listed(without_www(host), MAIL) or (first in MAIL_LABELS and "." in rest)


def listed(host: str, names: frozenset[str]) -> bool:
    """Whether a list has the host, or what it is below."""
    if host in names or f".{host}" in names:
        return True
    while host:
        _label, _dot, host = host.partition(".")
        if f".{host}" in names:
            return True
    return False


def without_www(host: str) -> str:
    """The host without `www.` or `m.`, where a name remains: "m.pl" is one."""
    for prefix in ("www.", "m."):
        if host.startswith(prefix) and "." in host[len(prefix) :]:
            host = host.removeprefix(prefix)
    return host
