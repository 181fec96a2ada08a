"""The vault: seal, open, shred. Keys live in files beside the database, never inside it."""
