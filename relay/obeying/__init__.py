"""What members and facilitators ask of the relay, done: one module for each part of its work."""
