"""The words members can say to the relay: which there are, and how a message is read for one."""
