"""Ready-made criteria for a moment in a contact's life with the account: birthdays, carts, first and last orders."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from segmentation.parts.base import Tree
from segmentation.ready_made.base import BIRTHDAY, BLANK, BY_EMAIL, BY_TEXT, Template, TemplateGroup


def did(kind: str, op: str = "gte", times: int = 1, **more: Any) -> Tree:
    """Activities of a type so many times."""
    return {"kind": "activity", "type": kind, "times": {"op": op, "value": times}, **more}


def days(number: int) -> dict[str, Any]:
    return {"within": {"last": number, "unit": "day"}}


def orders(op: str, number: int, **more: Any) -> Tree:
    return {"kind": "order", "measure": "count", "op": op, "value": number, **more}


def ordered(which: str, number: int, unit: str = "day") -> Tree:
    """The first or last order lies within the last days."""
    return {"kind": "order_date", "which": which, "op": "last", "value": {"n": number, "unit": unit}}


def consent(key: str, state: str = "given", **more: Any) -> Tree:
    return {"kind": "consent", "consent": key, "state": state, **more}


def born(**reach: Any) -> Tree:
    return {"kind": "attribute", "attribute": BIRTHDAY, "op": "anniversary", "value": reach}


def created(number: int) -> Tree:
    return {"kind": "field", "field": "created_at", "op": "last", "value": {"n": number, "unit": "day"}}


def both(*criteria: Tree) -> Tree:
    return {"all": list(criteria)}


NEVER_BOUGHT: Tree = {"kind": "spender", "buyer": "none"}
BEST: Tree = {"any": [{"kind": "spender", "band": "big"}, {"kind": "spender", "buyer": "frequent"}]}
GIVEN_BACK: Tree = {"param": "status", "op": "in", "value": ["cancelled", "refunded"]}
WITH_EMAIL: Tree = {"kind": "field", "field": "email", "op": "is_set"}

OCCASIONS = TemplateGroup(
    "occasions",
    pgettext_lazy("ready-made criteria", "Occasions"),
    (
        Template(
            "birthday_today",
            _("Birthday today"),
            _("Born on this day of any year; 29 February is kept on 28 February."),
            "cake",
            both(born(on="today")),
        ),
        Template(
            "birthday_week",
            _("Birthdays this week"),
            _("Birthday today or in the next six days, also over New Year."),
            "cake",
            both(born(in_next=7)),
        ),
        Template(
            "birthday_month",
            _("Birthdays within 30 days"),
            _("Birthday today or in the next 29 days, and may be written to by e-mail."),
            "gift",
            both(born(in_next=30), consent(BY_EMAIL)),
        ),
        Template(
            "customer_anniversary",
            _("A year, or years, a customer"),
            _("The first order was on a day like those of the next week, in an earlier year."),
            "party-popper",
            both(
                {"kind": "order_date", "which": "first", "op": "anniversary", "value": {"in_next": 7}},
                {"not": ordered("first", 30)},
            ),
        ),
    ),
)
CARTS = TemplateGroup(
    "carts",
    pgettext_lazy("ready-made criteria", "On the way to an order"),
    (
        Template(
            "abandoned_cart",
            _("Abandoned cart"),
            _("Put something in the cart in the last 3 days and ordered nothing in them."),
            "shopping-cart",
            both(did("add_to_cart", **days(3)), orders("eq", 0, **days(3))),
        ),
        Template(
            "browsed_not_bought",
            _("Looked at products, did not buy"),
            _("At least 3 products looked at in the last 14 days, and no order in them."),
            "eye",
            both(did("product_view", times=3, **days(14)), orders("eq", 0, **days(14))),
        ),
        Template(
            "searched_not_bought",
            _("Searched, did not buy"),
            _("Searched on the site in the last 14 days and ordered nothing in them."),
            "search",
            both(did("search", **days(14)), orders("eq", 0, **days(14))),
        ),
        Template(
            "page_often",
            _("Keeps coming back to a page"),
            _("At least 3 views in the last 30 days of a page whose address holds what you type: /pricing, say."),
            "repeat-2",
            both(
                did(
                    "page_view",
                    times=3,
                    where=[{"param": "url", "op": "contains", "value": BLANK}],
                    **days(30),
                )
            ),
            (_("a part of an address"),),
        ),
        Template(
            "from_campaign",
            _("Came by a campaign"),
            _("At least one visit in the last 30 days with this name of a campaign in its address."),
            "megaphone",
            both(
                {
                    "kind": "visit",
                    "where": [{"param": "utm_campaign", "op": "eq", "value": BLANK}],
                    "times": {"op": "gte", "value": 1},
                    **days(30),
                }
            ),
            (_("the name of a campaign"),),
        ),
        Template(
            "warm_leads",
            _("Warm leads"),
            _("A lead score of at least 50, and no order yet."),
            "flame",
            both({"kind": "field", "field": "lead_score", "op": "gte", "value": 50}, NEVER_BOUGHT),
        ),
        Template(
            "form_sent",
            _("Sent a form"),
            _("Submitted a form in the last 7 days."),
            "clipboard-check",
            both(did("form_submit", **days(7))),
        ),
        Template(
            "new_contacts",
            _("New this week"),
            _("Became a contact in the last 7 days."),
            "user-plus",
            both(created(7)),
        ),
        Template(
            "new_not_bought",
            _("New, and nothing bought yet"),
            _("A contact for 30 days at most, without an order."),
            "user-search",
            both(created(30), NEVER_BOUGHT),
        ),
    ),
)
LIFE = TemplateGroup(
    "life",
    pgettext_lazy("ready-made criteria", "After an order"),
    (
        Template(
            "first_order",
            _("First order"),
            _("Ordered for the first time in the last 30 days, and once only so far."),
            "sparkles",
            both({"kind": "spender", "buyer": "one_time"}, ordered("first", 30)),
        ),
        Template(
            "second_order_due",
            _("Time for a second order"),
            _("Ordered once, between 31 and 60 days ago."),
            "hourglass",
            both({"kind": "spender", "buyer": "one_time"}, ordered("last", 60), {"not": ordered("last", 30)}),
        ),
        Template(
            "lapsed",
            _("Lapsed buyers"),
            _("At least 2 orders, none of them in the last 180 days."),
            "calendar-x",
            both(orders("gte", 2), {"not": ordered("last", 180)}),
        ),
        Template(
            "lapsed_year",
            _("Not bought for a year"),
            _("At least one order, none of them in the last year."),
            "calendar-off",
            both(orders("gte", 1), {"not": ordered("last", 1, "year")}),
        ),
        Template(
            "vip_at_risk",
            _("VIP at risk"),
            _("Among the biggest or most frequent buyers, and no order in the last 90 days."),
            "crown",
            both(BEST, {"not": ordered("last", 90)}),
        ),
        Template(
            "large_order",
            _("A large order lately"),
            _("One order of at least 500 in the last 30 days."),
            "package-check",
            both({"kind": "order", "measure": "max", "op": "gte", "value": 500, **days(30)}),
        ),
        Template(
            "cancelled",
            _("Cancelled or returned"),
            _("At least one order of the last 90 days was cancelled or refunded."),
            "package-x",
            both(
                orders(
                    "gte", 1, where=[{"param": "status", "op": "in", "value": ["cancelled", "refunded"]}], **days(90)
                )
            ),
        ),
    ),
)
MESSAGES = TemplateGroup(
    "messages",
    pgettext_lazy("ready-made criteria", "Consents and messages"),
    (
        Template(
            "spenders_without_consent",
            _("High spenders without consent"),
            _("Among the top fifth of buyers by amount spent, and has not given the consent to e-mails."),
            "shield-question-mark",
            both(
                {"any": [{"kind": "spender", "band": "big"}, {"kind": "spender", "band": "medium"}]},
                {"not": consent(BY_EMAIL)},
            ),
        ),
        Template(
            "newsletter_not_opened",
            _("Newsletter not opened"),
            _("Agreed to e-mails, was sent at least 3 in the last 90 days and opened none of them."),
            "mail",
            both(
                consent(BY_EMAIL),
                did("email_sent", times=3, **days(90)),
                did("email_open", "eq", 0, **days(90)),
            ),
        ),
        Template(
            "opened_not_clicked",
            _("Opens, but does not click"),
            _("Opened an e-mail in the last 30 days and clicked in none."),
            "mail-open",
            both(did("email_open", **days(30)), did("email_click", "eq", 0, **days(30))),
        ),
        Template(
            "clicked_not_bought",
            _("Clicked, did not buy"),
            _("Clicked in an e-mail in the last 7 days and ordered nothing in them."),
            "mouse-pointer-click",
            both(did("email_click", **days(7)), orders("eq", 0, **days(7))),
        ),
        Template(
            "withdrew",
            _("Withdrew the consent lately"),
            _("Withdrew the consent to e-mails in the last 30 days."),
            "mail-minus",
            both(consent(BY_EMAIL, "withdrawn", **days(30))),
        ),
        Template(
            "never_asked",
            _("Never asked for consent"),
            _("Has an e-mail address and has not answered about e-mails, neither yes nor no."),
            "message-circle-question-mark",
            both(WITH_EMAIL, consent(BY_EMAIL, "unknown")),
        ),
        Template(
            "by_text_only",
            _("By text message only"),
            _("Agreed to text messages and not to e-mails."),
            "smartphone",
            both(consent(BY_TEXT), {"not": consent(BY_EMAIL)}),
        ),
        Template(
            "bounced",
            _("Bounced"),
            _("E-mails to this address come back."),
            "mail-x",
            both({"kind": "field", "field": "status", "op": "eq", "value": "bounced"}),
        ),
    ),
)
