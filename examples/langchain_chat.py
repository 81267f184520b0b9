"""A LangChain chat model that answers in the asker's language, sentence by checked sentence."""

from clara.integrations.langchain import ChatClara

with ChatClara(model="openai:gpt-5", country="MX") as model:
    answer = None
    for chunk in model.stream("¿Cuáles son los síntomas del glaucoma de ángulo cerrado?"):
        print(chunk.text, end="", flush=True)
        answer = chunk if answer is None else answer + chunk

about = answer.response_metadata["clara"]
print(f"\n\n{about['language']}, {about['calls']} calls, confidence {about['confidence']:.2f}")
for number, citation in enumerate(about["citations"], 1):
    print(f"[{number}] {citation['title']}: {citation['quote']}")
