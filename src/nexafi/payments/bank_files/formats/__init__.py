"""The forms of banks' files: each a pure function from orders to bytes, or from bytes to words."""
