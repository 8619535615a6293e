"""What a person asks for, and the recipe that it resolves to."""
