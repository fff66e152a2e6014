"""What people ask of the tables, and stored rows back as records."""
