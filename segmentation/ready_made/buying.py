"""Ready-made criteria about what contacts bought, and what kind of buyers they are."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from segmentation.parts.base import Tree
from segmentation.parts.buyers import GROUP_NAMES
from segmentation.ready_made.base import BLANK, Template, TemplateGroup


def bought(measure: str, op: str, value: int, param: str, **within: Any) -> Tree:
    """Of what is left blank, that much was bought."""
    where = [{"param": param, "op": "eq", "value": BLANK}]
    window = {"within": within} if within else {}
    return {"kind": "purchase", "measure": measure, "op": op, "value": value, "where": where, **window}


def spent(*bounds: tuple[str, int]) -> Tree:
    """All orders together came to an amount within the bounds."""
    return {"all": [{"kind": "order", "measure": "sum", "op": op, "value": value} for op, value in bounds]}


PURCHASES = TemplateGroup(
    "purchases",
    pgettext_lazy("ready-made criteria", "Orders and products"),
    (
        Template(
            "brand_amount",
            _("Spent on a brand"),
            _("More than 300 on products of one brand in the last 6 months, all orders together."),
            "badge-check",
            {"all": [bought("amount", "gt", 300, "brand", last=6, unit="month")]},
            (_("a brand"),),
        ),
        Template(
            "without_accessory",
            _("Bought a product, never its accessory"),
            _("Ordered one product in the last month, and never the other that goes with it."),
            "puzzle",
            {
                "all": [
                    bought("orders", "gte", 1, "product", last=1, unit="month"),
                    bought("orders", "eq", 0, "product"),
                ]
            },
            (_("a product"), _("its accessory")),
        ),
        Template(
            "only_paid",
            _("Only through paid ads"),
            _("At least one order came from a paid ad, and none from anywhere else."),
            "megaphone",
            {
                "all": [
                    {
                        "kind": "order",
                        "measure": "count",
                        "op": "gte",
                        "value": 1,
                        "where": [{"param": "channel", "op": "in", "value": ["ad"]}],
                        "pick": "only",
                    }
                ]
            },
        ),
        Template(
            "spent_below_100",
            _("Spent less than 100"),
            _("Bought, and for less than 100 in all orders together, however many."),
            "coins",
            {"all": [{"kind": "order", "measure": "count", "op": "gte", "value": 1}, *spent(("lt", 100))["all"]]},
        ),
        Template(
            "spent_100_500",
            _("Spent from 100 to 500"),
            _("At least 100 and less than 500 in all orders together, however many."),
            "coins",
            spent(("gte", 100), ("lt", 500)),
        ),
        Template(
            "spent_500_1000",
            _("Spent from 500 to 1,000"),
            _("At least 500 and at most 1,000 in all orders together, however many."),
            "coins",
            spent(("gte", 500), ("lte", 1000)),
        ),
        Template(
            "spent_over_1000",
            _("Spent more than 1,000"),
            _("More than 1,000 in all orders together, however many."),
            "coins",
            spent(("gt", 1000)),
        ),
    ),
)
BUYERS = TemplateGroup(
    "buyers",
    pgettext_lazy("ready-made criteria", "Kinds of buyers"),
    tuple(
        Template(key, name, about, icon, {"all": [{"kind": "spender", **chosen}]})
        for key, name, about, icon, chosen in (
            (
                "low_spenders",
                _("Low spenders"),
                _("The lower 80 % of buyers by amount spent."),
                "piggy-bank",
                {"band": "low"},
            ),
            (
                "medium_spenders",
                _("Medium spenders"),
                _("The next 19 % of buyers by amount spent."),
                "wallet",
                {"band": "medium"},
            ),
            (
                "big_spenders",
                _("Big spenders"),
                _("The top 1 % of buyers by amount spent."),
                "gem",
                {"band": "big"},
            ),
            (
                "frequent_buyers",
                _("Frequent buyers"),
                _("The top quarter of buyers by number of orders."),
                "repeat",
                {"buyer": "frequent"},
            ),
            ("one_time_buyers", _("One-time buyers"), _("Exactly one order."), "receipt", {"buyer": "one_time"}),
            ("returning_buyers", _("Returning buyers"), _("Two orders or more."), "undo-2", {"buyer": "returning"}),
            ("no_order_yet", _("No order yet"), _("Not one order that counts."), "circle-dashed", {"buyer": "none"}),
        )
    ),
)
RFM_HELP = {
    "champions": _("Bought lately, often and for much."),
    "loyal": _("Buy often and for much, if not as lately."),
    "potential_loyalists": _("Bought lately, and neither seldom nor often so far."),
    "new": _("Bought just now, seldom and for little so far."),
    "promising": _("Bought not long ago, seldom and for little so far."),
    "need_attention": _("In the middle by everything: neither lately nor long ago."),
    "at_risk": _("Bought often or for much, but long ago."),
    "cant_lose_them": _("Bought most of all, but long ago."),
    "hibernating": _("Bought seldom and for little, and long ago."),
    "lost": _("Bought seldom and for little, and longest ago."),
}
RFM_ICONS = {
    "champions": "trophy",
    "loyal": "medal",
    "potential_loyalists": "sprout",
    "new": "user-plus",
    "promising": "star",
    "need_attention": "bell",
    "at_risk": "triangle-alert",
    "cant_lose_them": "life-buoy",
    "hibernating": "snowflake",
    "lost": "user-x",
}
RFM = TemplateGroup(
    "rfm",
    pgettext_lazy("ready-made criteria", "RFM groups: how lately, how often, for how much"),
    tuple(
        Template(key, name, RFM_HELP[key], RFM_ICONS[key], {"all": [{"kind": "rfm", "groups": [key]}]})
        for key, name in GROUP_NAMES.items()
    ),
)
