"""Leads: somebody may want something; from open to converted or disqualified."""
