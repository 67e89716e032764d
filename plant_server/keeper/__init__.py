"""The keeper: its own process, one at a time, that makes from stored facts what can be made again from them.

What it promises: when the dirty log is empty, each rollup and each machine-state interval is what the stored samples
say, whatever the order in which they arrived and however often the keeper was killed in between. What it is not: a
source of facts. It may lag; nothing is lost by that.
"""
