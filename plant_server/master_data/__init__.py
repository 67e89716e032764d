"""What is made, of what and how, and the words for why not: received from PLM, ERP or a planner, never made up."""
