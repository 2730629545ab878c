"""The servers that NexaFi can stand on, started on this machine; needs Python alone."""
