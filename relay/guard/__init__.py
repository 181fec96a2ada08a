"""The contact guard and the egress guard: nobody's real contact in what others read (pure)."""
