"""The OpenAI client as an application has it; one line makes its answers debiased."""

from openai import OpenAI

from clara.integrations.openai import wrap

with wrap(OpenAI(), country="MX") as client:
    question = {"role": "user", "content": "¿Cuáles son los síntomas del glaucoma de ángulo cerrado?"}
    for chunk in client.chat.completions.create(model="gpt-5", messages=[question], stream=True):
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()

    reply = client.responses.create(model="gpt-5", input=question["content"])
    print(reply.output_text, f"({reply.clara['calls']} calls)")
