"""Work orders: received, released with what they are made by, run, held, completed, closed. Never by themselves."""
