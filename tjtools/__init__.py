"""Run a TrafficJunky creative library: know what is there, upload what is new."""
