"""Amendments (合同变更): contracts in force change by consent; every version is kept (S10)."""
