"""Settings → Webhooks, for owners and administrators."""
