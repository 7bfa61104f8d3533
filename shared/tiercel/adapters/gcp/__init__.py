"""The adapters to Google's services; the client libraries are loaded where a service is first asked."""
