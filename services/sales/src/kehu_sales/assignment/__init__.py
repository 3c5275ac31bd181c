"""Assignment (商机分配): who gets an opportunity, by rules, each with its explanation (S15)."""
