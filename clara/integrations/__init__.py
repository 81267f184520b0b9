"""CLARA inside other people's programs: LangChain, the OpenAI client, inspect_ai and MCP. Import the one you need."""
