"""What the steps look facts up in: files and tables that come from outside."""
