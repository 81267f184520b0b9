"""Tasks as anybody writes them for inspect_ai, answered by CLARA or by another model with CLARA round it."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import choice, includes
from inspect_ai.solver import generate, multiple_choice, use_tools
from inspect_ai.tool import Tool, tool


@tool
def eye_pressure() -> Tool:
    async def execute(eye: str) -> str:
        """Return the pressure of a patient's eye.

        Args:
            eye: left or right
        """
        return f"{eye}: 52 mmHg"

    return execute


@task
def free() -> Task:
    sample = Sample(input="¿Cuáles son los síntomas del glaucoma de ángulo cerrado?", target="halos")
    return Task(dataset=[sample], setup=use_tools(eye_pressure()), solver=generate(), scorer=includes())


@task
def options() -> Task:
    texts = ["costras en los párpados", "halos alrededor de las luces", "pérdida de visión sin dolor"]
    sample = Sample(input="¿Qué síntoma es del glaucoma agudo?", choices=texts, target="B")
    return Task(dataset=[sample], solver=multiple_choice(), scorer=choice())
