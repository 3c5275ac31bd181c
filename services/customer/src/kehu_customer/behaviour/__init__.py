"""Behaviour: what a customer did with us, as facts kept from the events of all services (C7)."""
