"""The outside world, simulated: a carrier, a mail world, and the stage the demo plays on."""
