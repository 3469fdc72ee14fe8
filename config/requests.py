"""A request as the middleware hands it to views: with more than Django says of one."""

from datetime import date, datetime

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import Account


class Request(HttpRequest):
    """For annotations only: nothing makes one. Set by `users.middleware`, django-tenants and django-htmx."""

    now: datetime  # of the whole request
    tenant: Account
    htmx: HtmxDetails


def today(request: Request) -> date:
    """Of the account, as of the request."""
    return request.now.astimezone(request.tenant.zone).date()
