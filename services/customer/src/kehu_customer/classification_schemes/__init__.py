"""Classification schemes: by which axes customers are told apart (C8)."""
