"""Credit reports: what an investigation of a customer found out, and how long that holds."""
