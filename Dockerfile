# CLARA as a service. Build: docker build -t clara .
# Run: docker run --rm -p 127.0.0.1:8400:8400 -v clara:/data -e CLARA_SERVER__KEYS='{"me": {"key": "at least 16 characters"}}' clara
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/clara
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY clara clara
COPY prompts prompts
COPY knowledge_base knowledge_base
RUN /opt/clara/bin/pip install --no-cache-dir -c constraints.txt ".[serve,redis,otel,documents]"

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home clara
COPY --from=build /opt/clara /opt/clara
ENV PATH=/opt/clara/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CLARA_HOME=/data \
    CLARA_SERVER__HOST=0.0.0.0 \
    CLARA_SERVER__PORT=8400
USER clara
WORKDIR /data
VOLUME /data
EXPOSE 8400
STOPSIGNAL SIGTERM
# Alive, not ready: a provider that is down is no reason to kill what can still answer from the evidence.
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8400/healthz', timeout=2)"]
ENTRYPOINT ["clara"]
CMD ["serve"]
