"""The calendar: visits, tasks and activities of persons side by side, and where they clash."""
