"""What becomes of a message that was taken in: one module for each question it raises."""
