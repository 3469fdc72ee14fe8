"""The script on the customer's site, and what it reports."""
