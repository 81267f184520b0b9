"""`clara serve`: the engine behind the OpenAI API."""

from clara.server.app import build_app
from clara.server.listening import check_address, make_server, serve

__all__ = ["build_app", "check_address", "make_server", "serve"]
