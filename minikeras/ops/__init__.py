"""All maths: each forward function beside its gradient rules."""
