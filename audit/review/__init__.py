"""`winnow review`: a person accepts or rejects suggestions, and what is accepted goes into a ban list."""
