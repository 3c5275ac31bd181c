"""The analytics service: what the event stream says about customers and sales."""
