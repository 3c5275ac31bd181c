"""Timeline: what happened between a customer and us, in every service (feature row C10)."""
