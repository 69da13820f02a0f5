"""What a library of arrays says of itself: its name in emitted source, its gaps and how it moves arguments."""
