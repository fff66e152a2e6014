"""The search box: what somebody pastes or types leads to its page, or to what it may mean."""
