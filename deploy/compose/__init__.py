"""The compose parts, and what their set-up needs: passwords that nobody had to choose."""
