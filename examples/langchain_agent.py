"""An agent whose tools run as ever, and whose final answer is debiased with the agent's own model."""

from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk

from clara.integrations.langchain import ClaraMiddleware


def eye_pressure(eye: str) -> str:
    """Return the last measured pressure of the patient's eye."""
    return f"{eye}: 52 mmHg"


question = {"role": "user", "content": "¿Qué me puede pasar con la presión que tengo en el ojo?"}
with ClaraMiddleware(country="MX") as middleware:
    agent = create_agent("openai:gpt-5", [eye_pressure], middleware=[middleware])
    for chunk, _ in agent.stream({"messages": [question]}, stream_mode="messages"):
        if isinstance(chunk, AIMessageChunk):
            print(chunk.text, end="", flush=True)
            for call in chunk.tool_calls:
                print(f"({call['name']} {call['args']})")
print()
