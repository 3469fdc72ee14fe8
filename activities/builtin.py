"""The activity types that every account has, with their parameters, and what they are called."""

from django.utils.translation import gettext_noop as _

NAMES = {
    "page_view": _("Page view"),
    "product_view": _("Product view"),
    "add_to_cart": _("Add to cart"),
    "email_sent": _("E-mail sent"),
    "email_open": _("E-mail opened"),
    "email_click": _("Click in an e-mail"),
    "email_bounce": _("E-mail bounced"),
    "email_unsubscribe": _("Unsubscribed by e-mail"),
    "sms_click": _("Click in a text message"),
    "form_submit": _("Form submitted"),
    "search": _("Search on the site"),
    "login": _("Login"),
}
PARAMETERS = {
    "url": _("address"),
    "title": _("page title"),
    "product": _("product"),
    "name": _("product name"),
    "category": _("product category"),
    "brand": _("brand"),
    "price": _("price"),
    "quantity": _("quantity"),
    "campaign": _("campaign"),
    "subject": _("subject"),
    "reason": _("reason"),
    "hard": _("permanent"),
    "form": _("form"),
    "query": _("search words"),
    "results": _("number of results"),
    "method": _("method"),
}

# With visits and orders, what makes a contact engaged (docs/criteria.md, engagement).
ENGAGING = ("email_open", "email_click", "sms_click", "product_view", "add_to_cart")
ICONS = {
    "page_view": "file-text",
    "product_view": "eye",
    "add_to_cart": "shopping-cart",
    "email_sent": "send",
    "email_open": "mail-open",
    "email_click": "mouse-pointer-click",
    "email_bounce": "mail-x",
    "email_unsubscribe": "mail-minus",
    "sms_click": "smartphone",
    "form_submit": "clipboard-check",
    "search": "search",
    "login": "log-in",
}
