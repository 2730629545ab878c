"""What sets up and tries the project; needs Python alone, before anything is installed."""
