"""The application that grows from chapter to chapter."""
