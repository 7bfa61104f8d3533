"""Messages to people: chat services by their webhooks, and mail."""
