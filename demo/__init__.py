"""Demo data: an optician's shop with a Polish customer base. Imports whatever it fills; nothing imports it."""
