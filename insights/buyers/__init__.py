"""Buyers by RFM and by how much and how often they bought (ED14). docs/buyers.md."""
