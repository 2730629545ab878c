"""Bank formats: each one pure function from bytes to statements."""
