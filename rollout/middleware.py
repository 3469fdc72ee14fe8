"""Finding a request's account together with the stamp of what is open to it; and refusing what is not."""

from typing import Any

from django.http import Http404, HttpRequest
from django_tenants.middleware.main import TenantMainMiddleware

from accounts.models import Account
from rollout.selectors import NONE_YET, STAMP, page_is_open


class AccountMiddleware(TenantMainMiddleware):
    """The host's account. The stamp comes in the same query, so that areas cost a page none."""

    def get_tenant(self, domain_model: Any, hostname: str) -> Account:
        rows = domain_model.objects.select_related("tenant").annotate(rollout_stamp=STAMP)
        domain = rows.get(domain=hostname)
        account: Account = domain.tenant
        account.rollout_stamp = domain.rollout_stamp or NONE_YET
        return account


class AreaMiddleware:
    """Pages of an area that is closed to the account do not exist there."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: Any, *_args: object) -> None:
        if not page_is_open(request.resolver_match.view_name, request.tenant):
            raise Http404
