"""What the bridge and clients may import of the plant: events and models. Imports no I/O."""
