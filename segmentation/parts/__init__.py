"""What the form parts of the kinds are made of. Below the language, so that each kind's module may import it."""
