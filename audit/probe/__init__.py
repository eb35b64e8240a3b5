"""The probe: which suspicious tokens a live model knows, told by questions, answers and control tokens."""
