"""Contact points: phone numbers, e-mail and postal addresses of customers and contacts."""
