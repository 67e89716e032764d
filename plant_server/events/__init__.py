"""Commands and the Events they leave: what a feature needs to change something once, and only once."""

from plant_server.events.command import Actor, Answer, Command, Refused
from plant_server.events.execute import CommandContext, Handler, execute

__all__ = ["Actor", "Answer", "Command", "CommandContext", "Handler", "Refused", "execute"]
