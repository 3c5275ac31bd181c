"""The sales funnel: opportunities and amounts by stage, as of any day."""
