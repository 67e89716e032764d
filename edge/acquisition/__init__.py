"""From a device to readings worth keeping: profiles, decoding, time rules, report by exception, polling."""
