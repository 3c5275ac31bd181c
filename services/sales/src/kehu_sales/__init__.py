"""The sales service: products, sales methods, and opportunities from idea to order."""
