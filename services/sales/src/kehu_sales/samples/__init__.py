"""Samples that are lent or given to customers before they buy (样品申请: 1.3, item 5; S8)."""
