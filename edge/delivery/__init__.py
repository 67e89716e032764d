"""From readings to the plant: kept in the spool, delivered in order, forgotten only when the plant has committed."""
