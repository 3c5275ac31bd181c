"""Confirmation templates (商机确认模板): what makes an opportunity effective (4 L2828)."""
