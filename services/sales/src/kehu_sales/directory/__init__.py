"""The company's own directory, as the customer service tells it: who works where."""
