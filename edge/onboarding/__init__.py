"""From a machine nobody has described to a draft of its profile: `lineside edge browse` and `lineside edge probe`.

Both only read. What they cannot know they guess, and every guess is marked in the draft with CONFIRM and a reason.
"""
