"""What an operator meets: the command `relay`, its settings, its doctor."""
