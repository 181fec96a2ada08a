"""What the programme says, in the language of who reads it."""
