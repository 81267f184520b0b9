"""The stages that methods are composed of: one async function or small class each, over a shared `Run`."""
