"""Letters with a link to set a password: for those who forgot theirs, and for those who were invited."""

from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import Account
from users.models import User

RESET, INVITATION = "reset", "invitation"


def send_password_link(user: User, *, account: Account, origin: str, kind: str = RESET) -> None:
    """Send the letter, in the user's language. `origin` is the account's own address, "https://acme.example.com"."""
    with translation.override(user.language):
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        path = reverse("users:password_set", args=[uid, default_token_generator.make_token(user)])
        context = {"user": user, "account": account, "link": f"{origin}{path}", "kind": kind}
        lines = render_to_string(f"users/mail/{kind}.txt", context).strip().splitlines()
    subject, body = lines[0], "\n".join(lines[1:]).strip() + "\n"
    EmailMessage(subject, body, to=[user.email]).send()
