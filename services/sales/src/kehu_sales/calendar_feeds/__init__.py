"""Calendar feeds: a secret address that calendar programs subscribe to (iCalendar, RFC 5545)."""
