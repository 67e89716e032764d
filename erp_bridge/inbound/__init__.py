"""From ERP and PLM into the plant: items, BOMs, changes, drawings, work orders."""
