"""Sales contracts (销售合同): made from quotes, with a plan of when the money comes (S10)."""
