"""Settings, all from the environment; every default suits `make demo` on a bare machine."""

import os
import secrets
from ipaddress import ip_network
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("SITO_VAR", BASE_DIR / "var"))
DEBUG = os.environ.get("SITO_DEBUG", "") == "1"


def secret_key() -> str:
    """The key from `SECRET_KEY`, or one made once and kept under `var/`."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    VAR.mkdir(parents=True, exist_ok=True)
    kept = VAR / "secret_key"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48))
    return kept.read_text()


SECRET_KEY = secret_key()
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "*").split(
    ","
)  # the account's domain decides; see TenantMainMiddleware
SITE_DOMAIN = os.environ.get("SITE_DOMAIN", "localhost")  # accounts live at NAME.SITE_DOMAIN
OPERATOR_HOST = os.environ.get("OPERATOR_HOST", f"operator.{SITE_DOMAIN}")  # of those who run Sito; "": nowhere

# --- accounts: one PostgreSQL schema each -------------------------------------------------------------------
DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ.get("DATABASE_URL", "postgres://sito@127.0.0.1:5432/sito")),
        "ENGINE": "django_tenants.postgresql_backend",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "accounts.Account"
TENANT_DOMAIN_MODEL = "accounts.Domain"
TENANT_LIMIT_SET_CALLS = True
SHARED_APPS = [
    "django_tenants",
    "accounts",
    "rollout.flags.FlagsConfig",
    "rollout",
    "axes",  # of operators; accounts have tables of their own
    "operators",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "django_filters",
    "treebeard",
    "jobs",
    "pool",
    "config",
    "demo",
]
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
    "users",
    "contacts",
    "tags",
    "activities",
    "mirror",
    "permissions",
    "segmentation",
    "actions",
    "exports",
    "insights",
    "reports",
    "sunset",
    "imports",
    "webhooks",
    "tracker",
    "network",
    "api",
]
INSTALLED_APPS = [*dict.fromkeys([*SHARED_APPS, *TENANT_APPS, "django.forms"])]
# Areas open to some accounts (docs/rollout.md): the flags are of a model of our own, waffle's own tables are not made.
WAFFLE_FLAG_MODEL = "rollout.AreaFlag"
MIGRATION_MODULES = {"waffle": None}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- requests -----------------------------------------------------------------------------------------------
MIDDLEWARE = [
    "config.health.HealthMiddleware",  # before the account is looked up: any host may ask
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # likewise: a stylesheet costs no query
    "operators.door.OperatorMiddleware",  # a host of its own, where no account is looked up
    "api.door.ApiMiddleware",  # the API needs none of what follows, and says itself what fails
    "tracker.door.TrackerMiddleware",  # nor do browsers on the sites of customers: no session, no cookie
    "rollout.middleware.AccountMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "users.middleware.SignInMiddleware",
    "users.middleware.PreferencesMiddleware",
    "rollout.middleware.AreaMiddleware",
    "users.middleware.ReadOnlyMiddleware",
    "segmentation.readers.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.fragments.FragmentMiddleware",
    "config.vanished.VanishedMiddleware",
    "axes.middleware.AxesMiddleware",
]
DEFAULT_NOT_FOUND_TENANT_VIEW = "config.errors.unknown_host"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # criteria of the largest size allowed, each value a field
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.pages.chrome",
            ],
            "builtins": [
                "config.templatetags.sito",
                "config.templatetags.drawing",
                "waffle.templatetags.waffle_tags",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]
FORM_RENDERER = "config.forms.SitoRenderer"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CSRF_COOKIE_HTTPONLY = False
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
HTTPS = os.environ.get("SITO_HTTPS", "") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

# --- people -------------------------------------------------------------------------------------------------
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mails are unique by a functional constraint: user_email_unique
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "users.backends.EmailBackend"]
LOGIN_URL = "users:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "users:login"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # failures are counted; who signed in when is on the user
AXES_HTTP_RESPONSE_CODE = 429
AXES_USERNAME_CALLABLE = "users.backends.username_of"
AXES_LOCKOUT_CALLABLE = "users.views.signing_in.locked_out"

# --- language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("pl", _("Polish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False

# --- broker, cache, files, mail -----------------------------------------------------------------------------
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("SITO_STATIC_ROOT", VAR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.bootstrap.BootstrapFinder",
]
# Private files: exports and uploads; never served by URL, only through a view that checks. The storage puts the
# account's schema below MEDIA_ROOT; with a `location` option it would not, and accounts would share one folder.
MEDIA_ROOT = str(VAR / "files")
STORAGES = {
    "default": {"BACKEND": "config.storage.AccountStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Who was erased, beside the database: a file for each account, which belongs into another backup (docs/contacts.md).
ERASURE_JOURNAL = Path(os.environ.get("SITO_ERASURE_JOURNAL", VAR / "erasures"))
# The engine of one process: DuckDB's share of memory (the process itself stays below twice that), threads, and a folder
# for what does not fit. Rows pass through it, so it is private like the files.
ENGINE_MEMORY_MB = int(os.environ.get("SITO_ENGINE_MEMORY_MB") or 1024)
ENGINE_THREADS = int(os.environ.get("SITO_ENGINE_THREADS") or os.cpu_count() or 1)
ENGINE_FOLDER = VAR / "engine"
# When the mirror's files are brought up to date: with so many newer rows at once, with so many at the earliest this
# long after the last time (docs/mirror.md).
MIRROR_AT_ONCE = int(os.environ.get("SITO_MIRROR_AT_ONCE") or 20_000)
MIRROR_LATER = int(os.environ.get("SITO_MIRROR_LATER") or 2_000)
MIRROR_PAUSE_S = int(os.environ.get("SITO_MIRROR_PAUSE_S") or 300)
# Webhooks call the public internet by https alone. Networks named here ("10.1.0.0/16,127.0.0.1/32") may be called too,
# for receivers inside one's own; WEBHOOKS_HTTP lets addresses be http as well.
WEBHOOKS_ALLOW = [ip_network(net) for net in os.environ.get("SITO_WEBHOOKS_ALLOW", "").replace(",", " ").split()]
WEBHOOKS_HTTP = os.environ.get("SITO_WEBHOOKS_HTTP", "") == "1"
# Without a mail server letters are files: an invited user can start all the same.
EMAIL_HOST = os.environ.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_TIMEOUT = 30
EMAIL_FILE_PATH = str(VAR / "mail")
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND") or (
    "django.core.mail.backends.smtp.EmailBackend" if os.environ.get("EMAIL_HOST") else "config.letters.FolderBackend"
)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Sito <sito@localhost>")

# --- the HTTP API (docs/api.md) ---------------------------------------------------------------------------------
API_RATE_PER_MINUTE = int(os.environ.get("SITO_API_RATE_PER_MINUTE") or 3000)  # of a key with no limit of its own
API_BODY_MB = int(os.environ.get("SITO_API_BODY_MB") or 10)  # the largest body of a request
# Reports of the tracker from one address (docs/tracker.md): an office of many visitors has but one.
TRACKER_RATE_PER_MINUTE = int(os.environ.get("SITO_TRACKER_RATE_PER_MINUTE") or 1200)

# --- the network signal (docs/network-signal.md) ------------------------------------------------------------------
# Each round has a key of its own, made of this secret, which belongs in no database. Nobody is answered before so many
# others gave so many addresses each in a round, and a yes takes so many of them: lower is for trying it out.
NETWORK_KEY = os.environ.get("SITO_NETWORK_KEY", "")  # none: one that follows from SECRET_KEY
NETWORK_ROUND_H = int(os.environ.get("SITO_NETWORK_ROUND_H") or 24)
NETWORK_ACCOUNTS = int(os.environ.get("SITO_NETWORK_ACCOUNTS") or 5)
NETWORK_ADDRESSES = int(os.environ.get("SITO_NETWORK_ADDRESSES") or 1000)
NETWORK_YES = int(os.environ.get("SITO_NETWORK_YES") or 2)

# --- what is written down: everything to standard error, a failure with its trace --------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django": {"handlers": [], "level": "WARNING", "propagate": True}},
}
