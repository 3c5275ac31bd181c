"""Trade parties: who uses, buys, pays and finally receives, where that is not the customer."""
