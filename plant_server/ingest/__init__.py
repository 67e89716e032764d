"""From MQTT into the database: what an edge delivered is stored once, or in quarantine, never lost silently."""
