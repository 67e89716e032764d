"""The digest of the day before, pushed to a chat each morning.

At most once: a row is claimed, with its key, before anything is sent. What certainly did not arrive is tried again until noon; an
attempt nobody answered is not, and stands on the owner's page until a person sends again. What is older than that noon is never sent.
"""
