"""The example flows of `flows/`: valid, with the outcome that they promise, whatever dies on the way."""
