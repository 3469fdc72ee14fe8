"""Files of contact ids or e-mail addresses: how they are read and which contacts they name."""
