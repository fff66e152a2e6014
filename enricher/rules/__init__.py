"""What the steps decide by: tables that people maintain."""
