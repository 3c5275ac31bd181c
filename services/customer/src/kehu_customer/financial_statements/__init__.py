"""Financial statements of customers, and the ratios that tell how sound they are."""
