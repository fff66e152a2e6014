"""Users, invitations, one's own account, API keys, and an affiliate's own numbers: rules that are pure, and pages."""
