"""The plant as something that is installed, backed up, restored and looked after."""
