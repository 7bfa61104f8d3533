"""What the adapters to Google's services promise beyond the ports."""
