"""The service desk: products in customers' hands, and service requests from call to close."""
