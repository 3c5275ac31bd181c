"""Receivables (应收账款): what of contracts in force has not come in, and how late it is (S10)."""
